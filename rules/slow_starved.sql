-- id: slow/starved
-- class: slow.compute
-- severity: warning
-- description: other work on the cores of a rank lets it run hardly at all, and the other ranks run
-- look_alikes: slow.compute by the rank's own work (then it runs, and does not wait for a core); threads of one rank that spin
-- advice: look at what else runs on the cores that the rank may use (taskset -p, top -H), its priority (chrt -p, ps -o ni), and
--    cpusets; on a node that jobs share, at the neighbours
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.5; configuration_error 0.5
-- references: docs/host-faults.md; /proc/PID/schedstat; sched_switch and sched_wakeup
-- Half of the time, and five times as long as it ran: who gets less than a sixth of what it asks for is starved, whatever its
--    threads do. Four times what any other rank waits: on a full host all wait, and none is to blame. Below that the steps decide
--    (slow/compute), whose evidence names the waiting too.
SELECT json_group_array(rank) AS ranks, NULL AS since_s, 0.85 AS confidence,
       json_group_array(printf('rank %d: its threads waited %.1f s in %.1f s for a free core, and ran for %.1f s (threads added up); '
                               || 'no other rank waited longer than %.1f s', rank, core_wait_s, seen_s, cpu_s, others_s)) AS evidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ')
         || CASE WHEN count(*) = 1 THEN ' gets' ELSE ' get' END || ' no core: other work on the host has them' AS summary
FROM (SELECT k.*, (SELECT max(o.core_wait_s) FROM kernel_ranks o WHERE o.rank <> k.rank) AS others_s FROM kernel_ranks k)
WHERE seen_s >= 1 AND core_wait_s >= 0.5 * seen_s AND core_wait_s >= 5 * cpu_s AND core_wait_s >= 4 * others_s
HAVING count(*) > 0
