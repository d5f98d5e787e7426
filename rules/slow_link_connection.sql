-- id: slow/link-connection
-- class: slow.link
-- severity: warning
-- description: one connection between two ranks is slow, by what the kernel counted for its connections
-- look_alikes: slow.rank_tx or slow.rank_rx where one connection of a rank was seen only; a rank that computes slowly keeps
--    nothing under way
-- advice: with loss look at error counters of both ports and cables (ethtool -S); with a queue at what else the host sends;
--    else at the route and the switches in between
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.9; distributed_communication_error 0.1
-- references: tcp_info of the Linux kernel (tcp(7)); docs/host-faults.md
-- The thresholds are in analyzer/localize/connections.cc.
SELECT '[]' AS ranks, json_group_array(json_array(source, destination)) AS links,
       json_group_array(('the link ' || source || ' -> ' || destination) || printf(': data were under way for %.0f %% of the time, elsewhere %.0f %%; ', 100 * share, 100 * normal)
         || CASE cause WHEN 'loss' THEN printf('lost packets: %d of %d segments were sent again', retransmits, segments)
                       WHEN 'queue' THEN 'they waited in the queue of the sending host'
                       ELSE printf('they took long on the way (shortest round trip %.2f ms, elsewhere %.2f ms)', 1e3 * min_rtt_s, 1e3 * normal_min_rtt_s) END)
         AS evidence,
       NULL AS since_s, 0.9 AS confidence,
       group_concat(('the link ' || source || ' -> ' || destination), ', ') || CASE min(cause) WHEN 'loss' THEN ' loses packets' ELSE ' is slow' END AS summary
FROM slow_connections
WHERE part = 'link'
HAVING count(*) > 0
