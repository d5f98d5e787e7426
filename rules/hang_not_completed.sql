-- id: hang/not-completed
-- class: hang.in_collective
-- severity: error
-- description: the device of a rank does not complete operations that others have completed with its help
-- look_alikes: a process whose watchdog thread is stuck, so that only the report of completion is missing; the last piece of
--    the operation is lost on the way to this rank (network)
-- advice: look at the device of the named rank: Xid messages in the kernel log, nvidia-smi -q, ECC errors; exclude the
--    device before the next start
-- symptom: hang
-- root_causes: hardware_network_environment 0.7; distributed_communication_error 0.2; concurrency_error 0.1
-- references: C4D communication hang; CCL-D H3
SELECT culprits AS ranks, victims, communicator, op, seq, waited_s AS since_s, at_s, evidence,
       CASE WHEN group_count > 1 THEN 0.9                    -- independent counters agree
            WHEN victim_count > 0 THEN 0.75                  -- one counter, and somebody waits
            ELSE 0.5 END AS confidence,                      -- one counter read a moment too early looks alike
       CASE WHEN culprit_count = 1 THEN 'the device of rank ' ELSE 'the devices of ranks ' END || culprits_text
         || CASE WHEN culprit_count = 1 THEN ' does' ELSE ' do' END || ' not complete what others have completed with '
         || CASE WHEN culprit_count = 1 THEN 'its' ELSE 'their' END || ' help, ' || what || ' first (device-side); '
         || victim_count || ' ranks wait' AS summary
FROM stalls
WHERE kind = 'not_completed' AND waited_s >= threshold_s
