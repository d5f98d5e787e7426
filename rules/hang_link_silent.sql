-- id: hang/link-silent
-- class: hang.in_collective
-- severity: error
-- description: what a rank sends to another does not arrive any more, and no error was reported
-- look_alikes: a host that is off; a rank that does not read (then the kernel acknowledges until its buffer is full)
-- advice: look at the route between the named ranks: cable, switch, firewall and routing tables; TCP goes on trying for some
--    15 minutes (net.ipv4.tcp_retries2) before it reports an error
-- symptom: hang
-- root_causes: hardware_network_environment 0.9; configuration_error 0.1
-- references: tcp_info of the Linux kernel (tcp(7)); docs/host-faults.md
-- The thresholds are in silent_links.sql.
SELECT '[]' AS ranks, json_group_array(json_array(source, destination)) AS links,
       json_group_array(printf('rank %d to rank %d: data have been under way for %.1f s without an acknowledgement, and have not arrived',
                               source, destination, stuck_s)) AS evidence,
       NULL AS communicator, NULL AS op, NULL AS seq, max(stuck_s) AS since_s, (SELECT min(at_s) FROM stalls) AS at_s,
       (SELECT victims FROM stalls ORDER BY waited_s DESC LIMIT 1) AS victims,
       0.97 AS confidence,
       'nothing arrives any more on the ' || CASE WHEN count(*) = 1 THEN 'link ' ELSE 'links ' END
         || group_concat(source || ' -> ' || destination, ', ') || printf(' for %.1f s', max(stuck_s)) AS summary
FROM silent_links
WHERE EXISTS (SELECT 1 FROM stalls)
HAVING count(*) > 0
