-- id: hang/deadlock
-- class: hang.deadlock
-- severity: error
-- description: ranks wait for each other in a cycle
-- look_alikes: one rank of the cycle stuck elsewhere while its device work is still queued
-- advice: issue the operations of the listed communicators in the same order on all ranks, or group point-to-point
--    operations (ncclGroupStart/End); check that streams do not serialise what must run together
-- symptom: hang
-- root_causes: distributed_communication_error 0.5; concurrency_error 0.4; incorrect_implementation 0.1
-- references: NCCLX JOB_CONTAINS_COLL_DEADLOCK; ColossalAI#5214
SELECT culprits AS ranks, victims, communicator, op, seq, waited_s AS since_s, at_s, evidence,
       -- Without streams, order of issue stands in for what depends on what; sends and receives often go past it.
       CASE WHEN (SELECT streams_known FROM job) = 1 THEN 0.9 WHEN wait_kind = 'p2p' THEN 0.5 ELSE 0.7 END AS confidence,
       'ranks ' || culprits_text || ' wait for each other, ' || what || ' among it, for '
         || waited_text AS summary
FROM stalls
WHERE kind = 'deadlock' AND waited_s >= threshold_s
