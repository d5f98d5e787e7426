-- id: slow/global
-- class: slow.global
-- severity: warning
-- description: every rank takes longer for an iteration than before, and nobody waits for anybody in particular
-- look_alikes: slow.compute or slow.link (then the change has a culprit, and that finding explains this one); longer inputs with
--    messages of the same size (a sequence-length schedule shows in no record)
-- advice: ask what changed for all at that time: clocks or power limits of all devices, the network or the file system that they
--    share, other jobs on the same machines, an evaluation or logging that was switched on; when communication makes the
--    difference, look at the network, else at the devices
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.6; configuration_error 0.2; incorrect_implementation 0.2
-- references: Greyhound (change points of the iteration time); C4 (comparison with the same job's own past)
-- factor 1.1: the bar for a slow rank is 1.2; the pace of a whole job is known better than that of one rank, and 10 % is the least
--    that people have reported as a regression of a whole job.
-- q 0.01: one false alarm in a hundred jobs whose iteration times do not change.
-- superiority 0.9: on a busy machine the share of slow iterations varies while the quick ones stay as quick as before; when the
--    job itself is slower, nearly every iteration is.
-- 1.05 times the slowest ten iterations on end before: what happened before and passed is no change.
-- 10 iterations and 3 s to the end, 30 s when it has passed: other processes take the cores of a whole host for seconds (seen:
--    1.1 s at 3.5 times the pace, a compilation), and what passed by itself is worth a look only if it was long.
-- work 1.1: iterations that communicate more do more.
SELECT '[]' AS ranks, ranks AS victims, since_s AS at_s, NULL AS since_s, after_s - before_s AS effect_s, 0.85 AS confidence,
       printf('everyone (ranks %s) is slower since %.1f s%s: %.2f times the earlier %.2f ms an iteration', ranks_text, since_s,
              CASE lasts WHEN 1 THEN '' ELSE printf(', for %.1f s', duration_s) END, after_s / before_s, 1e3 * before_s) AS summary,
       json_array(printf('%d iterations of %.2f ms (median), then from %s %d on %d of %.2f ms; %.0f %% of the later ones take longer '
              || 'than an earlier one; the slowest ten on end before had a median of %.2f ms; probability of a false alarm %.2g',
              iterations_before, 1e3 * before_s, CASE by_steps WHEN 1 THEN 'step' ELSE 'iteration' END, first_iteration,
              iterations_after, 1e3 * after_s, 100 * superiority, 1e3 * worst_before_s, q),
              printf('inside communication, on the rank that waits least: %.2f ms an iteration before, %.2f ms after',
              1e3 * communication_before_s, 1e3 * communication_after_s)) AS evidence
FROM pace_changes
WHERE after_s >= 1.1 * before_s AND q <= 0.01 AND superiority >= 0.9 AND after_s >= 1.05 * worst_before_s
  AND iterations_after >= 10 AND duration_s >= CASE lasts WHEN 1 THEN 3 ELSE 30 END AND work_factor <= 1.1 AND recurs = 0
