-- id: hang/init
-- class: hang.init
-- severity: error
-- description: the creation of a communicator does not complete
-- look_alikes: crash.process of a rank before it came so far; a rendezvous over an unreachable network
-- advice: see why the named rank does not reach the creation (stack of its process); with no rank named, check
--    NCCL_SOCKET_IFNAME, firewalls and that all ranks agree on the unique id and the number of ranks
-- symptom: hang
-- root_causes: configuration_error 0.3; distributed_communication_error 0.4; hardware_network_environment 0.3
-- references: NCCLX JOB_FAILED_AT_INIT
SELECT culprits AS ranks, victims, communicator, op, seq, waited_s AS since_s, at_s, evidence,
       CASE WHEN culprit_count > 0 THEN 0.93 ELSE 0.7 END AS confidence,
       what || ' has not completed for ' || waited_text
         || CASE WHEN culprit_count > 0 THEN '; rank ' || culprits_text || ' never came'
                 ELSE '; the records do not show which rank is missing' END AS summary
FROM stalls
WHERE kind = 'init' AND waited_s >= threshold_s
