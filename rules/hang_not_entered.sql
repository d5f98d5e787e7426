-- id: hang/not-entered
-- class: hang.not_entered
-- severity: error
-- description: a rank never entered an operation that the others wait in: it is stuck outside communication
-- look_alikes: hang.mismatch (the rank believes to have entered already); a very slow rank; a stopped or frozen process
-- advice: look at the named rank's stack (py-spy dump, gdb -p): what keeps it from issuing the operation? A stopped process
--    (state T) needs SIGCONT; a device that never reaches the operation hints at a kernel that does not end
-- symptom: hang
-- root_causes: distributed_communication_error 0.5; concurrency_error 0.2; incorrect_implementation 0.2;
--    hardware_network_environment 0.1
-- references: C4D non-communication hang; CCL-D H1; DeepSpeed#7580
-- Stalls are already longer than max(2 s, 10 usual intervals of the communicator): shorter waits occur in healthy jobs.
SELECT culprits AS ranks, victims, communicator, op, seq, waited_s AS since_s, at_s, evidence,
       CASE WHEN kind = 'not_started' THEN 0.85              -- device times lag behind, the host's entry does not
            WHEN culprit_state = 'vanished' THEN 0.75        -- stopped or dead, the records do not tell
            WHEN culprit_count > victim_count THEN 0.7       -- few waiting for many: maybe the few are wrong
            ELSE 0.97 END AS confidence,
       CASE WHEN culprit_count = 1 THEN 'rank ' ELSE 'ranks ' END || culprits_text
         || CASE WHEN kind = 'not_started' THEN ' entered, but its device never reached ' ELSE ' never entered ' END
         || what || '; ' || victim_count || CASE WHEN victim_count = 1 THEN ' rank has' ELSE ' ranks have' END
         || ' waited ' || waited_text
         || CASE WHEN culprit_state = 'stopped' THEN ' (its process is stopped)'
                 -- Of other sources than rankle's, say plainly which half of the rank stands. RAS counts launches only.
                 WHEN (SELECT source FROM job) IN ('rankle', '', 'ras') THEN ''
                 WHEN kind = 'not_started' THEN ' (device-side)'
                 ELSE ' (CPU-side: nothing that it issued is unfinished)' END AS summary
FROM stalls
WHERE kind IN ('not_entered', 'not_started') AND waited_s >= threshold_s
