-- id: view/late-ranks
-- view: late_ranks
-- description: ranks that are late by their own time, beyond noise, chance and what matters; `cause` says what the records show
-- factor 1.15: 1.2 must be found, and the estimate of a true 1.2 scatters by a few per cent.
-- surprise 6: one in a million if iterations were independent, which leaves room for the search over ranks and segments
--    (about 1e3). They are not on a crowded host: see noise.
-- noise: jitter of the work itself is independent from one iteration to the next and averages out, so an effect as large as
--    the usual difference among the other ranks is enough. From a quarter on, the host is crowded: ranks are displaced for
--    time slices, by turns and for many iterations on end, and surprise overstates. Then the effect must reach 2.5 deviations,
--    what one ordinary rank in a hundred shows.
-- excess 3 ms a step and 2 % of the iteration: 3 ms is one time slice of the Linux scheduler; a rank that loses less than a slice
--    a step may only share its core with somebody, and the records cannot tell that from its own work. An iteration reaches from
--    one step that communicates to the next: with accumulation or local SGD it has several steps, and as many chances to lose one.
-- cause input: three quarters of the excess passed on the host between the mark of the step (or the end of the operations before
--    it) and the first launch or copy, beyond what passes there on the peers, so the device had nothing to do. One quarter is room
--    for what a late start disturbs afterwards. Without step marks and the record of that first call (attached jobs) the kernel
--    tells: the threads that call NCCL and CUDA slept outside of these calls, beyond what those of the peers slept, for three
--    quarters of all that the rank was late, and the process did not use CPU instead (threads that compute while one waits for them
--    are work of its own): for less than a quarter of it.
SELECT *, CASE WHEN host_s IS NOT NULL AND normal_host_s IS NOT NULL AND host_s - normal_host_s >= 0.75 * (own_s - normal_s)
          THEN 'input'
          WHEN host_s IS NULL
            AND (SELECT away_more_s FROM idle_ranks i WHERE i.rank = lateness.rank) >= 0.75 * (own_s - normal_s) * slow_iterations
            AND (SELECT cpu_more_s FROM idle_ranks i WHERE i.rank = lateness.rank) < 0.25 * (own_s - normal_s) * slow_iterations
          THEN 'input' ELSE 'unknown' END AS cause
FROM lateness
WHERE factor >= 1.15 AND factor - 1 >= noise * CASE WHEN noise < 0.25 THEN 1 ELSE 2.5 END AND surprise >= 6
  AND own_s - normal_s >= 0.003 * max(1, (last_iteration - first_iteration) / max(1.0, iterations - 1))
  AND own_s - normal_s >= 0.02 * iteration_s
