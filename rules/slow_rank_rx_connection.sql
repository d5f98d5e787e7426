-- id: slow/rank-rx-connection
-- class: slow.rank_rx
-- severity: warning
-- description: everything that one rank receives is slow, by what the kernel counted for its connections
-- look_alikes: slow.rank_tx or slow.rank_rx where one connection of a rank was seen only; a rank that computes slowly keeps
--    nothing under way
-- advice: look at the NIC of the named rank and its switch port: speed, error counters, congestion (ethtool -S)
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.9; distributed_communication_error 0.1
-- references: tcp_info of the Linux kernel (tcp(7)); docs/host-faults.md
-- The thresholds are in analyzer/localize/connections.cc, the sentences in slow_connection_parts.sql.
SELECT json_group_array(rank) AS ranks, '[]' AS links, json_group_array(evidence) AS evidence,
       NULL AS since_s, max(cost_s) AS effect_s, 0.9 AS confidence, group_concat(name, ', ') || max(trouble) AS summary
FROM slow_connection_parts
WHERE part = 'rank_rx'
HAVING count(*) > 0
