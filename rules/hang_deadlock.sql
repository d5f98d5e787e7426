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
       0.9 AS confidence,
       'ranks ' || culprits_text || ' wait for each other, ' || what || ' among it, for '
         || printf('%.1f', waited_s) || ' s' AS summary
FROM stalls
WHERE kind = 'deadlock' AND waited_s >= threshold_s
