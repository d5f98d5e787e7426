-- id: hang/idle
-- class: hang.not_entered
-- severity: error
-- description: the whole job stopped between operations: nothing is in flight, nobody failed, and no rank goes on
-- look_alikes: a long phase without GPU work (data preparation, evaluation on the CPU, a checkpoint); a debugger
-- advice: look at the stack of any rank (py-spy dump, gdb -p): all are stuck outside communication, often in the same place
-- symptom: hang
-- root_causes: concurrency_error 0.4; incorrect_implementation 0.3; hardware_network_environment 0.3
-- references: C4D non-communication hang
-- Only `rankle run` knows that the job did not just pause: it waited for --hang-after and ended it.
-- What is missing may be what everybody waits for: then unknown/stall speaks.
SELECT (SELECT json_group_array(r.rank) FROM ranks r JOIN processes p USING (process) WHERE p.state NOT IN ('ended', 'failed'))
         AS ranks,
       j.stalled_s - j.last_activity_s AS since_s, j.last_activity_s AS at_s,
       json_array('last activity of any rank at ' || printf('%.3f', j.last_activity_s) || ' s; no operation is unfinished') AS evidence,
       0.7 AS confidence,
       'all ranks stopped outside of communication ' || printf('%.1f', j.stalled_s - j.last_activity_s)
         || ' s before the job was ended' AS summary
FROM job j
WHERE j.stalled_s IS NOT NULL AND j.communicators > 0 AND j.missing_count = 0 AND j.dropped = 0 AND j.damaged_files = 0
  AND NOT EXISTS (SELECT 1 FROM stalls WHERE waited_s >= threshold_s)
  AND NOT EXISTS (SELECT 1 FROM failures WHERE root = 1)
  AND NOT EXISTS (SELECT 1 FROM disagreements)
