-- id: slow/waited-for
-- class: slow.compute
-- severity: warning
-- description: a rank is inside collectives for a shorter time than its peers: it comes last, and they wait for it
-- look_alikes: slow.input (durations do not tell host from device); a rank that waits in communicators that were not recorded
-- advice: compare the named rank's device clocks, temperature and power with the others' (nvidia-smi -q), look for other
--    processes on its device and cores, for slow input and for uneven work; rankle run records what the rank does in between
-- symptom: poor_performance
-- root_causes: hardware_network_environment 0.5; allocation_strategy_error 0.3; incorrect_implementation 0.2
-- references: C4D non-communication slow; Holmes (the straggler's own copy looks normal)
-- The table has rows only where a source tells durations and no time in between (NCCL's tools).
-- late in nine of ten, and surprise 6: one in a million, if everybody came first or last by turns.
-- 1 ms, and a quarter of the peers' time inside: what an iteration takes is not known, so only a wait that makes up much of the
--    communication counts, and one that is longer than the host takes to notice the end of a kernel on a busy machine.
-- waits half as long itself at most: a rank that is late only because others hold it up in another communicator waits there.
SELECT json_group_array(rank) AS ranks, min(since_s) AS at_s, NULL AS since_s, max(late_s) AS effect_s,
       min(min(0.95, 0.7 + 0.01 * surprise)) AS confidence,
       json_group_array(printf('rank %d was inside collectives for a shorter time than its peers in %d of %d: it came %.2f ms after '
              || 'them (median), where the transfer itself takes %.2f ms; they waited for it %.0f %% of the time they spent inside, '
              || 'it waited %.0f %% of that for others', rank, late, collectives, 1e3 * late_s, 1e3 * shortest_s,
              100 * held_s / inside_s, 100 * waited_s / held_s)) AS evidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ')
         || printf(' come%s last to collectives: the others wait %.2f ms in each', CASE WHEN count(*) = 1 THEN 's' ELSE '' END,
                   1e3 * max(late_s)) AS summary
FROM last_arrivals
WHERE late >= 0.9 * collectives AND surprise >= 6 AND late_s >= 0.001 AND held_s >= 0.25 * inside_s
  AND waited_s <= 0.5 * held_s
HAVING count(*) > 0
