-- id: crash/cuda
-- class: crash.cuda
-- severity: error
-- description: a CUDA call failed and the rank did not survive it
-- look_alikes: crash.oom; a sticky error whose cause is an earlier kernel; a lost device (Xid in the kernel log)
-- advice: run the rank under compute-sanitizer; look for Xid messages of its device (dmesg, nvidia-smi -q); the failing call reports, an earlier kernel may have caused
-- symptom: crash
-- root_causes: hardware_network_environment 0.4; incorrect_implementation 0.3; memory_management_error 0.2
-- references: first failure: L4, C4 (most "NCCL errors" are local to one node)
-- A failure counts when it ended its process, or when others wait for its rank. RAS tells errors of communicators as they are now:
--    nobody has got over them.
SELECT json_group_array(rank) AS ranks, min(communicator) AS communicator, min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || what) AS evidence,
       -- a typical consequence without a cause on record may have its cause in a rank that was not recorded
       min(CASE WHEN process_state = 'vanished' THEN 0.7 WHEN cascade = 'local' THEN 0.95
                WHEN cascade = 'ambiguous' THEN 0.85 ELSE 0.7 END) AS confidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ') || ': ' || min(what) AS summary
FROM failures
WHERE root = 1 AND kind = 'cuda'
  AND (rank_ended = 1 OR (SELECT source FROM job) = 'ras'
       OR EXISTS (SELECT 1 FROM stalls s, json_each(s.culprits) c WHERE c.value = failures.rank))
HAVING count(*) > 0
