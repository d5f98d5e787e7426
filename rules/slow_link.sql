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
-- The thresholds and the sentences are in slow_transfer_parts.sql.
SELECT '[]' AS ranks, json_group_array(json_array(source, destination)) AS links, json_group_array(evidence) AS evidence,
       min(since_s) AS at_s, NULL AS since_s, max(cost_s) AS effect_s, CASE WHEN max(alone) = 1 THEN 0.75 ELSE 0.9 END AS confidence,
       CASE WHEN count(*) = 1 THEN 'the link ' ELSE 'the links ' END || group_concat(source || ' -> ' || destination, ', ')
         || printf(' %s %.1f times as long as normal', CASE WHEN count(*) = 1 THEN 'takes' ELSE 'take' END, max(factor)) AS summary
FROM slow_transfer_parts
WHERE part = 'link'
HAVING count(*) > 0
