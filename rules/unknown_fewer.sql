-- id: unknown/fewer-calls
-- class: unknown
-- severity: warning
-- description: the calls of the ranks agree as far as they go, but some ranks' records end earlier
-- look_alikes: hang.mismatch (a call left out where all calls look alike); healthy (recorders were not stopped at the same call)
-- advice: record the same steps on all ranks (start and stop the recorder behind a barrier) and compare again; if one rank
--    always ends earlier, look for a condition around its last calls
-- symptom: none
-- root_causes: distributed_communication_error 0.4; incorrect_implementation 0.3
-- Of sources that tell calls only (execution traces). Nothing behind the end tells whether the rank or its recorder stopped.
SELECT '[]' AS ranks, '[]' AS victims, communicator, op, seq, at_s, evidence, 0.5 AS confidence, what AS summary
FROM disagreements
WHERE kind = 'fewer'
