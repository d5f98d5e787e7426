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
-- factor 1.15: 1.2 must be found, and the estimate of a true 1.2 scatters by a few per cent.
-- surprise 6: one in a million if iterations were independent, which leaves room for the search over ranks and segments
--    (about 1e3). They are not on a crowded host: see noise.
-- noise: jitter of the work itself is independent from one iteration to the next and averages out, so an effect as large as
--    the usual difference among the other ranks is enough. From a quarter on, the host is crowded: ranks are displaced for
--    time slices, by turns and for many iterations on end, and surprise overstates. Then the effect must reach 2.5 deviations,
--    what one ordinary rank in a hundred shows.
-- excess 3 ms and 2 % of the iteration: 3 ms is one time slice of the Linux scheduler; a rank that loses less than a slice an
--    iteration may only share its core with somebody, and the records cannot tell that from its own work.
SELECT json_group_array(rank) AS ranks, min(since_s) AS at_s, NULL AS since_s,
       min(min(0.97, 0.8 + 0.02 * surprise)) AS confidence,
       json_group_array(printf('rank %d spent %.2f ms a%s outside communication, %d peers %.2f ms (median; factor %.2f, %d of '
              || '%d slow, %s %d-%d, probability by chance 1e-%.0f)',
              rank, 1e3 * own_s, CASE by_steps WHEN 1 THEN ' step' ELSE 'n iteration' END, peers, 1e3 * normal_s, factor,
              slow_iterations, iterations, CASE by_steps WHEN 1 THEN 'steps' ELSE 'iterations' END, first_iteration,
              last_iteration, surprise)) AS evidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ')
         || printf(' arrive%s late from own work: %.2f times the normal %.2f ms', CASE WHEN count(*) = 1 THEN 's' ELSE '' END,
                   max(factor), 1e3 * max(normal_s)) AS summary
FROM lateness
WHERE factor >= 1.15 AND factor - 1 >= noise * CASE WHEN noise < 0.25 THEN 1 ELSE 2.5 END AND surprise >= 6
  AND own_s - normal_s >= 0.003 AND own_s - normal_s >= 0.02 * iteration_s
HAVING count(*) > 0
