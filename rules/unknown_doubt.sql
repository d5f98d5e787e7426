-- id: unknown/doubt
-- class: unknown
-- severity: warning
-- description: the source shows what may be a fault, and cannot prove it
-- look_alikes: healthy; hang.not_entered; hang.in_collective
-- advice: do what the summary says is missing; records of operations (rankle run, Flight Recorder dumps) tell what counters cannot
-- symptom: none
-- root_causes: distributed_communication_error 0.5; hardware_network_environment 0.3
-- Confidence 0.5 = as likely as not, or the source would have proven it.
SELECT '[]' AS ranks, NULL AS since_s, at_s, evidence, 0.5 AS confidence, what AS summary
FROM doubts
WHERE NOT EXISTS (SELECT 1 FROM stalls WHERE waited_s >= threshold_s)
  AND NOT EXISTS (SELECT 1 FROM failures WHERE root = 1)
  AND NOT EXISTS (SELECT 1 FROM disagreements)
