-- id: crash/exception
-- class: crash.exception
-- severity: error
-- description: an exception ended the rank: C++, or Python as logs tell it
-- look_alikes: an exception that only reports a peer's failure (then the peer is the culprit)
-- advice: find where the exception is thrown (the traceback; catch throw in gdb) and why only this rank throws it
-- symptom: crash
-- root_causes: incorrect_implementation 0.5; precondition_missing 0.4
-- references: first failure: L4, C4 (most "NCCL errors" are local to one node)
-- A failure counts when it ended its process, or when others wait for its rank.
SELECT json_group_array(rank) AS ranks, min(communicator) AS communicator, min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || what) AS evidence,
       -- a typical consequence without a cause on record may have its cause in a rank that was not recorded
       min(CASE WHEN process_state = 'vanished' THEN 0.7 WHEN cascade = 'local' THEN 0.95
                WHEN cascade = 'ambiguous' THEN 0.85 ELSE 0.7 END) AS confidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ') || ': ' || min(what) AS summary
FROM failures
WHERE root = 1 AND kind = 'exception'
  AND (rank_ended = 1 OR EXISTS (SELECT 1 FROM stalls s, json_each(s.culprits) c WHERE c.value = failures.rank))
HAVING count(*) > 0
