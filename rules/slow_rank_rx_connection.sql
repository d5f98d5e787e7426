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
-- The thresholds are in analyzer/localize/connections.cc.
SELECT json_group_array(destination) AS ranks, '[]' AS links,
       json_group_array(('what rank ' || destination || ' receives') || printf(': data were under way for %.0f %% of the time, elsewhere %.0f %%; ', 100 * share, 100 * normal)
         || CASE cause WHEN 'loss' THEN printf('lost packets: %d of %d segments were sent again', retransmits, segments)
                       WHEN 'queue' THEN 'they waited in the queue of the sending host'
                       ELSE printf('they took long on the way (shortest round trip %.2f ms, elsewhere %.2f ms)', 1e3 * min_rtt_s, 1e3 * normal_min_rtt_s) END)
         AS evidence,
       NULL AS since_s, 0.9 AS confidence,
       group_concat(('what rank ' || destination || ' receives'), ', ') || CASE min(cause) WHEN 'loss' THEN ' loses packets' ELSE ' is slow' END AS summary
FROM slow_connections
WHERE part = 'rank_rx'
HAVING count(*) > 0
