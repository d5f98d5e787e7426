-- id: slow/input
-- class: slow.input
-- severity: warning
-- description: a rank begins its steps late because of work on the host, while its device is idle; the others wait for it
-- look_alikes: slow.compute (work of the host between launches does not show in the records); a garbage collector or a logger that
--    runs at the beginning of a step
-- advice: look at what the rank does before it gives its device work: reading and decoding batches (worker processes, prefetching,
--    the file system of its host), tokenising, logging; compare the time a batch takes there with the other ranks
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.4; configuration_error 0.4; incorrect_implementation 0.2
-- The thresholds are in late_ranks.sql.
SELECT json_group_array(rank) AS ranks, min(since_s) AS at_s, NULL AS since_s, max(own_s - normal_s) AS effect_s,
       min(min(0.95, 0.75 + 0.02 * surprise)) AS confidence,
       json_group_array(printf('rank %d spent %.2f ms a step on the host before the first launch or copy, its peers %.2f ms (median); '
              || 'outside communication in all: %.2f ms, %d peers %.2f ms (factor %.2f, %d of %d slow, steps %d-%d, probability by '
              || 'chance 1e-%.0f)', rank, 1e3 * host_s, 1e3 * normal_host_s, 1e3 * own_s, peers, 1e3 * normal_s, factor,
              slow_iterations, iterations, first_iteration, last_iteration, surprise)
              || coalesce((SELECT contention FROM contended_ranks c WHERE c.rank = late_ranks.rank), '')) AS evidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ')
         || printf(' begin%s steps late: %.2f ms pass on the host before the device gets work, %.2f ms elsewhere',
                   CASE WHEN count(*) = 1 THEN 's' ELSE '' END, 1e3 * max(host_s), 1e3 * max(normal_host_s)) AS summary
FROM late_ranks
WHERE cause = 'input'
HAVING count(*) > 0
