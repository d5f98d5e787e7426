-- id: slow/compute
-- class: slow.compute
-- severity: warning
-- description: a rank arrives late by its own work, and the others wait for it
-- look_alikes: slow.input (host work before the step); other processes on the same cores; a slow link (then its own time is
--    normal)
-- advice: compare the named rank's device clocks, temperature and power with the others' (nvidia-smi -q), look for other
--    processes on its device and cores, and for uneven work (sequence lengths, experts)
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.5; allocation_strategy_error 0.3; incorrect_implementation 0.2
-- references: C4D non-communication slow; CCL-D S1; Greyhound; Holmes (the straggler's own copy looks normal)
-- The thresholds are in late_ranks.sql. What shows to be time of the host before its device gets work belongs to slow.input.
SELECT json_group_array(rank) AS ranks, min(since_s) AS at_s, NULL AS since_s, max(own_s - normal_s) AS effect_s,
       min(min(0.97, 0.8 + 0.02 * surprise)) AS confidence,
       json_group_array(printf('rank %d spent %.2f ms a%s outside communication, %d peers %.2f ms (median; factor %.2f, %d of '
              || '%d slow, %s %d-%d, probability by chance 1e-%.0f)',
              rank, 1e3 * own_s, CASE by_steps WHEN 1 THEN ' step' ELSE 'n iteration' END, peers, 1e3 * normal_s, factor,
              slow_iterations, iterations, CASE by_steps WHEN 1 THEN 'steps' ELSE 'iterations' END, first_iteration,
              last_iteration, surprise) || coalesce((SELECT contention FROM contended_ranks c WHERE c.rank = late_ranks.rank), '')) AS evidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ')
         || printf(' arrive%s late from own work: %.2f times the normal %.2f ms', CASE WHEN count(*) = 1 THEN 's' ELSE '' END,
                   max(factor), 1e3 * max(normal_s)) AS summary
FROM late_ranks
WHERE cause <> 'input'
HAVING count(*) > 0
