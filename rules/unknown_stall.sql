-- id: unknown/stall
-- class: unknown
-- severity: error
-- description: the job was ended because nothing moved, and the records do not show who held it up
-- look_alikes: hang.init (before any communicator exists); hang.not_entered by a rank whose record is missing
-- advice: look at the stacks of the ranks the next time before ending the job (py-spy dump, gdb -p); collect the missing records
-- symptom: hang
-- root_causes: distributed_communication_error 0.4; hardware_network_environment 0.3; concurrency_error 0.3
SELECT '[]' AS ranks, j.last_activity_s AS at_s, 0.5 AS confidence,
       'the job made no progress and was ended; '
         || CASE WHEN j.missing_count > 0 THEN 'records of rank ' || j.missing_text || ' are missing'
                 WHEN j.dropped > 0 THEN j.dropped || ' records were lost'
                 WHEN j.damaged_files > 0 THEN j.damaged_files || ' files are damaged or unreadable'
                 ELSE 'no communicator existed yet' END AS summary
FROM job j
WHERE j.stalled_s IS NOT NULL AND (j.communicators = 0 OR j.missing_count + j.dropped + j.damaged_files > 0)
  AND NOT EXISTS (SELECT 1 FROM stalls WHERE waited_s >= threshold_s)
  AND NOT EXISTS (SELECT 1 FROM failures WHERE root = 1)
  AND NOT EXISTS (SELECT 1 FROM disagreements)
