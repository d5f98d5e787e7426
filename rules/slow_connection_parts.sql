-- id: view/slow-connection-parts
-- view: slow_connection_parts
-- description: slow_connections with what is said of each: a link, all that a rank sends, or all that it receives
-- The thresholds are in analyzer/localize/connections.cc.
SELECT part, source, destination, CASE part WHEN 'rank_tx' THEN source WHEN 'rank_rx' THEN destination END AS rank, name, cost_s,
       CASE cause WHEN 'loss' THEN ' loses packets' ELSE ' is slow' END AS trouble,
       name || printf(': data were under way for %.0f %% of the time, elsewhere %.0f %%; ', 100 * share, 100 * normal)
         || CASE cause WHEN 'loss' THEN printf('lost packets: %d of %d segments were sent again', retransmits, segments)
                       WHEN 'queue' THEN 'they waited in the queue of the sending host'
                       ELSE printf('they took long on the way (shortest round trip %.2f ms, elsewhere %.2f ms)', 1e3 * min_rtt_s, 1e3 * normal_min_rtt_s) END
         AS evidence
FROM (SELECT *, CASE part WHEN 'link' THEN 'the link ' || source || ' -> ' || destination
                          WHEN 'rank_tx' THEN 'what rank ' || source || ' sends'
                          ELSE 'what rank ' || destination || ' receives' END AS name
      FROM slow_connections)
