-- id: hang/frozen
-- class: hang.not_entered
-- severity: error
-- description: the freezer of its control group holds a rank, and the others wait for it
-- look_alikes: SIGSTOP (state T; the freezer shows S or D); a suspended container or virtual machine
-- advice: thaw it (echo 0 > cgroup.freeze, docker unpause, systemctl thaw), and find out who froze it
-- symptom: hang
-- root_causes: configuration_error 0.6; hardware_network_environment 0.4
-- references: docs/host-faults.md; the cgroup v2 documentation of the Linux kernel
SELECT json_group_array(rank) AS ranks,
       json_group_array(printf('rank %d: its control group was frozen for %.1f s, and still is', rank, frozen_s)) AS evidence,
       max(frozen_s) AS since_s, (SELECT min(at_s) FROM stalls) AS at_s, 0.98 AS confidence,
       CASE WHEN count(*) = 1 THEN 'rank ' ELSE 'ranks ' END || group_concat(rank, ', ')
         || printf(' cannot go on: frozen by the control group for %.1f s', max(frozen_s)) AS summary
FROM frozen_ranks
WHERE EXISTS (SELECT 1 FROM stalls)
HAVING count(*) > 0
