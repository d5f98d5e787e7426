-- id: crash/oom
-- class: crash.oom
-- severity: error
-- description: an allocation failed for lack of device memory
-- look_alikes: memory.growth; memory.imbalance; fragmentation of a caching allocator
-- advice: compare the rank's memory with the others'; lower the batch size, or look for tensors that are kept; check for other processes on its device
-- symptom: crash
-- root_causes: memory_management_error 0.6; configuration_error 0.2; allocation_strategy_error 0.2
-- references: first failure: L4, C4 (most "NCCL errors" are local to one node)
-- A failure counts when it ended its process, or when others wait for its rank.
SELECT json_group_array(rank) AS ranks, min(communicator) AS communicator, min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || what) AS evidence,
       -- a typical consequence without a cause on record may have its cause in a rank that was not recorded
       min(CASE WHEN process_state = 'vanished' THEN 0.7 WHEN cascade = 'local' THEN 0.95
                WHEN cascade = 'ambiguous' THEN 0.85 ELSE 0.7 END) AS confidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ') || ': ' || min(what) AS summary
FROM failures
WHERE root = 1 AND kind = 'oom'
  AND (rank_ended = 1 OR EXISTS (SELECT 1 FROM stalls s, json_each(s.culprits) c WHERE c.value = failures.rank))
HAVING count(*) > 0
