-- id: slow/link
-- class: slow.link
-- severity: warning
-- description: one connection between two ranks is slow, others of the same ranks are not
-- look_alikes: slow.rank_tx or slow.rank_rx where a rank was seen to use one connection only (a ring): the evidence says so
-- advice: look at the route of this connection: cable, switch port and its error counters, adaptive routing, congestion with
--    another job; if one channel only is slow (table transfers), at that NIC
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.8; distributed_communication_error 0.2
-- references: C4D communication slow (one hot entry); DeepEP's diagnosis (mean-based, blind below 3 times)
-- The table holds links only if such an effect would be chance in less than one of 1,000 findings
--    (analyzer/localize/matrix_fit.h).
-- factor 1.15: 1.2 must be found, and the estimate of a true 1.2 scatters by a few per cent.
-- 50 us of a small step: what waking a sleeping thread costs, which differs from process to process on a busy host.
-- share 2 %: below it the slow steps cost less of the job's time than ordinary jitter of iterations.
SELECT '[]' AS ranks, json_group_array(json_array(source, destination)) AS links,
       json_group_array(printf('rank %d to rank %d: %.3f ms%s, normal %.3f ms (lower deciles of %d steps, factor %.2f, against %s; '
              || 'false discovery rate %.0e; %.0f %% of the time)%s', source, destination, 1e3 * measured_s,
              CASE kind WHEN 'per_mib' THEN ' for a MiB' ELSE ' a step' END, 1e3 * normal_s, steps, factor,
              CASE recent WHEN 1 THEN 'its own earlier times' ELSE 'the other links' END, q, min(100, 100 * share),
              CASE alone WHEN 1 THEN '; the only connection seen of one of them, which may be what is slow' ELSE '' END)) AS evidence,
       min(since_s) AS at_s, NULL AS since_s, max(cost_s) AS effect_s, CASE WHEN max(alone) = 1 THEN 0.75 ELSE 0.9 END AS confidence,
       CASE WHEN count(*) = 1 THEN 'the link ' ELSE 'the links ' END || group_concat(source || ' -> ' || destination, ', ')
         || printf(' %s %.1f times as long as normal', CASE WHEN count(*) = 1 THEN 'takes' ELSE 'take' END, max(factor)) AS summary
FROM slow_transfers
WHERE part = 'link' AND factor >= 1.15 AND share >= 0.02
  AND (kind = 'per_mib' OR measured_s - normal_s >= 0.00005)
HAVING count(*) > 0
