-- id: unknown/report
-- class: unknown
-- severity: error
-- description: a log tells of a failure or a timeout, and nothing tells which rank caused it
-- look_alikes: crash.exception; crash.process; hang.in_collective
-- advice: collect the logs of all ranks with tags (torchrun --tee 3, mpirun --tag-output, srun -l), and the Flight Recorder
--    dumps of a job that stood still
-- symptom: crash
-- root_causes: incorrect_implementation 0.4; hardware_network_environment 0.3; distributed_communication_error 0.3
SELECT '[]' AS ranks, e.t_s AS at_s, json_array(e.text) AS evidence, 0.5 AS confidence,
       'a log tells of a failure, and not who caused it: ' || e.text AS summary
FROM events e
WHERE e.kind = 'report' AND e.rank IS NULL
  AND NOT EXISTS (SELECT 1 FROM stalls WHERE waited_s >= threshold_s)
  AND NOT EXISTS (SELECT 1 FROM failures WHERE root = 1 AND rank_ended = 1)
  AND NOT EXISTS (SELECT 1 FROM disagreements)
