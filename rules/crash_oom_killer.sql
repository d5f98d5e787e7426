-- id: crash/oom-killer
-- class: crash.oom
-- severity: error
-- description: the kernel's OOM killer ended a rank: its control group was out of host memory
-- look_alikes: a SIGKILL by the scheduler or a user (then the control group counts no OOM kill)
-- advice: look at what the rank keeps in host memory (pinned buffers, data loader workers, page cache of the container), and at
--    the limit of its control group (memory.max)
-- symptom: crash
-- root_causes: memory_management_error 0.6; configuration_error 0.4
-- references: docs/host-faults.md; the cgroup documentation of the Linux kernel (memory.events)
SELECT json_group_array(rank) AS ranks, min(ended_s) AS at_s, 0.97 AS confidence,
       json_group_array(printf('rank %d was ended by SIGKILL, and its control group counts %d kills by the OOM killer', rank, oom_kills))
         AS evidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ')
         || ' ran out of host memory and was killed by the kernel' AS summary
FROM oom_killed
HAVING count(*) > 0
