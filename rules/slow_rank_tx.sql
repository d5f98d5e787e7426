-- id: slow/rank-tx
-- class: slow.rank_tx
-- severity: warning
-- description: everything that one rank sends is slow, whatever the peer
-- look_alikes: slow.link (then its other connections are as fast as usual)
-- advice: look at the NIC of the named rank: link speed and width, PCIe, firmware, error counters, and what else uses it
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.9; distributed_communication_error 0.1
-- references: C4D communication slow (hot row); DeepEP's diagnosis (mean-based, blind below 3 times)
-- The thresholds and the sentences are in slow_transfer_parts.sql.
SELECT json_group_array(rank) AS ranks, '[]' AS links, json_group_array(evidence) AS evidence,
       min(since_s) AS at_s, NULL AS since_s, max(cost_s) AS effect_s, 0.9 AS confidence,
       CASE WHEN count(*) = 1 THEN 'what rank ' ELSE 'what ranks ' END || group_concat(rank, ', ') || CASE WHEN count(*) = 1 THEN ' sends' ELSE ' send' END
         || printf(' %s %.1f times as long as normal', CASE WHEN count(*) = 1 THEN 'takes' ELSE 'take' END, max(factor)) AS summary
FROM slow_transfer_parts
WHERE part = 'rank_tx'
HAVING count(*) > 0
