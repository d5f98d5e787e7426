-- id: crash/process
-- class: crash.process
-- severity: error
-- description: a process died: by a signal, an exit code or abort
-- look_alikes: crash.oom of the host (SIGKILL by the kernel: see dmesg); a scheduler that ended the job; a segmentation fault after a CUDA error
-- advice: read the end of the rank's own output and its core file; for SIGKILL look for the kernel's out-of-memory killer (dmesg) and at the scheduler
-- symptom: crash
-- root_causes: incorrect_implementation 0.4; hardware_network_environment 0.3; memory_management_error 0.2
-- references: first failure: L4, C4 (most "NCCL errors" are local to one node)
-- A failure counts when it ended its process, or when others wait for its rank.
SELECT json_group_array(rank) AS ranks, min(communicator) AS communicator, min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || what) AS evidence,
       -- a typical consequence without a cause on record may have its cause in a rank that was not recorded
       min(CASE WHEN process_state = 'vanished' THEN 0.7 WHEN cascade = 'local' THEN 0.95
                WHEN cascade = 'ambiguous' THEN 0.85 ELSE 0.7 END) AS confidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ') || ': ' || min(what) AS summary
FROM failures
WHERE root = 1 AND kind = 'process'
  AND rank NOT IN (SELECT rank FROM oom_killed) AND rank NOT IN (SELECT rank FROM frozen_ranks)   -- these are told by their own rules
  AND (rank_ended = 1 OR EXISTS (SELECT 1 FROM stalls s, json_each(s.culprits) c WHERE c.value = failures.rank))
HAVING count(*) > 0
UNION ALL
-- The command itself, where no rank is to blame: it failed before any rank existed, or has none.
SELECT '[]', NULL, p.ended_s,
       json_array('process ' || p.pid || ' (' || p.command || ') ended'
                  || CASE WHEN p.signal IS NULL THEN ' with exit code ' || p.exit_code ELSE ' by signal ' || p.signal END),
       0.9, 'the command ' || CASE WHEN p.signal IS NULL THEN 'ended with exit code ' || p.exit_code
                                   ELSE 'was ended by signal ' || p.signal END
FROM processes p
WHERE p.launched = 1 AND p.rank IS NULL AND p.state = 'failed'
  AND coalesce(p.signal, 0) NOT IN (1, 2, 15) AND p.exit_code NOT IN (129, 130, 143)   -- asked to end
  AND NOT EXISTS (SELECT 1 FROM failures WHERE root = 1)
UNION ALL
SELECT culprits, communicator, at_s, evidence, 0.85,
       'rank ' || culprits_text || ' ended with exit code 0 while ' || victim_count || ' ranks still waited for it in ' || what
FROM stalls
WHERE kind = 'left' AND waited_s >= threshold_s
