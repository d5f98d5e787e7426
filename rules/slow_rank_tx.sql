-- id: slow/rank-tx
-- class: slow.rank_tx
-- severity: warning
-- description: everything that one rank sends is slow, whatever the peer
-- look_alikes: slow.link (then its other connections are as fast as usual)
-- advice: look at the NIC of the named rank: link speed and width, PCIe, firmware, error counters, and what else uses it
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.9; distributed_communication_error 0.1
-- references: C4D communication slow (hot row); DeepEP's diagnosis (mean-based, blind below 3 times)
-- The table holds ranks only if such an effect would be chance in less than one of 1,000 findings
--    (analyzer/localize/matrix_fit.h).
-- factor 1.15: 1.2 must be found, and the estimate of a true 1.2 scatters by a few per cent.
-- 50 us of a small step: what waking a sleeping thread costs, which differs from process to process on a busy host.
-- share 2 %: below it the slow steps cost less of the job's time than ordinary jitter of iterations.
SELECT json_group_array(source) AS ranks, '[]' AS links,
       json_group_array(printf('rank %d sends to %d ranks: %.3f ms%s, normal %.3f ms (lower deciles of %d steps, factor %.2f, against %s; '
              || 'false discovery rate %.0e; %.0f %% of the time)%s', source, links, 1e3 * measured_s,
              CASE kind WHEN 'per_mib' THEN ' for a MiB' ELSE ' a step' END, 1e3 * normal_s, steps, factor,
              CASE recent WHEN 1 THEN 'its own earlier times' ELSE 'the other links' END, q, min(100, 100 * share), '')) AS evidence,
       min(since_s) AS at_s, NULL AS since_s, max(cost_s) AS effect_s, 0.9 AS confidence,
       CASE WHEN count(*) = 1 THEN 'what rank ' ELSE 'what ranks ' END || group_concat(source, ', ') || CASE WHEN count(*) = 1 THEN ' sends' ELSE ' send' END
         || printf(' %s %.1f times as long as normal', CASE WHEN count(*) = 1 THEN 'takes' ELSE 'take' END, max(factor)) AS summary
FROM slow_transfers
WHERE part = 'rank_tx' AND factor >= 1.15 AND share >= 0.02
  AND (kind = 'per_mib' OR measured_s - normal_s >= 0.00005)
HAVING count(*) > 0
