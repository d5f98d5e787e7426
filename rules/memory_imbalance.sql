-- id: memory/imbalance
-- class: memory.imbalance
-- severity: warning
-- description: a rank holds much more device memory than the ranks that do the same work, all the time
-- look_alikes: memory.growth (then it was not so from the start); a rank with another task (rank 0 that also evaluates or logs)
-- advice: look at what only this rank allocates: objects loaded without a map to the own device, gathered outputs, uneven shards
--    or experts; lower its share, because the fullest rank bounds the batch size of all
-- symptom: poor_performance
-- root_causes: allocation_strategy_error 0.6; memory_management_error 0.2; configuration_error 0.2
-- 1.3 times the median of the others: uneven batches and experts make ranks of one role differ, but hardly by a third.
-- 64 MiB: a rank that does more small things beside its share (a logger, a second communicator's buffers) is no imbalance.
-- growth 0.1: what grows by more than a tenth of itself is a matter of growth.
-- two peers: of two ranks nobody can say which one is usual.
SELECT json_group_array(rank) AS ranks, min(since_s) AS at_s, NULL AS since_s, 0.85 AS confidence,
       json_group_array(printf('rank %d holds %.1f MiB (median over its iterations, %.1f MiB at most), %d ranks of the same role %.1f MiB',
              rank, usual_bytes / 1048576.0, peak_bytes / 1048576.0, peers, peers_usual_bytes / 1048576.0)) AS evidence,
       CASE WHEN count(*) = 1 THEN 'rank ' || min(rank) || ' holds ' ELSE 'ranks ' || group_concat(rank, ', ') || ' hold ' END
         || printf('%.1f times the device memory of the others (%.1f MiB more)', max(1.0 * usual_bytes / peers_usual_bytes),
                   max(usual_bytes - peers_usual_bytes) / 1048576.0) AS summary
FROM memory_use
WHERE peers >= 2 AND usual_bytes >= 1.3 * peers_usual_bytes AND usual_bytes - peers_usual_bytes >= 64 * 1048576
  AND peers_usual_bytes > 0 AND abs(growth_bytes) < 0.1 * usual_bytes
HAVING count(*) > 0
