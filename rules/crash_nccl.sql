-- id: crash/nccl
-- class: crash.nccl
-- severity: error
-- description: an NCCL call failed, or a communicator reported an asynchronous error
-- look_alikes: a peer that died without leaving a record; a network that dropped a connection
-- advice: run with NCCL_DEBUG=INFO and read the first warning of the named rank; a remote error means that a peer or the network failed first
-- symptom: crash
-- root_causes: distributed_communication_error 0.4; hardware_network_environment 0.4; api_misuse 0.2
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
WHERE root = 1 AND kind = 'nccl'
  AND (rank_ended = 1 OR (SELECT source FROM job) = 'ras'
       OR EXISTS (SELECT 1 FROM stalls s, json_each(s.culprits) c WHERE c.value = failures.rank))
HAVING count(*) > 0
