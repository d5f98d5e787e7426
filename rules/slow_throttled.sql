-- id: slow/throttled
-- class: slow.compute
-- severity: warning
-- description: the CPU quota of its control group holds a rank back, and those of the others do not
-- look_alikes: slow.compute by the rank's own work (then its control group counts no throttling)
-- advice: raise the quota (cpu.max; limits.cpu of the pod), or give all ranks the same; loader workers and threads of libraries
--    use it up too
-- symptom: poor_performance
-- root_causes: configuration_error 0.7; hardware_network_environment 0.3
-- references: docs/host-faults.md; cpu.stat of control groups
-- Held back for half of the time while the others are for less than a tenth: below it the steps decide (slow/compute), whose
--    evidence names the quota too.
SELECT json_group_array(rank) AS ranks, NULL AS since_s, 0.85 AS confidence,
       json_group_array(printf('rank %d: its control group had used up its CPU quota and was held back for %.1f s in %.1f s (cores added up)',
                               rank, throttled_s, seen_s)) AS evidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ')
         || CASE WHEN count(*) = 1 THEN ' is' ELSE ' are' END || ' held back by the CPU quota of the control group' AS summary
FROM kernel_ranks
WHERE throttled_s >= 0.5 * seen_s AND seen_s >= 1
  AND (SELECT max(throttled_s - 0.1 * seen_s) FROM kernel_ranks WHERE throttled_s < 0.5 * seen_s) < 0
HAVING count(*) > 0
