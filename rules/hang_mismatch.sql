-- id: hang/mismatch
-- class: hang.mismatch
-- severity: error
-- description: ranks disagree on an operation, its arguments or its order
-- look_alikes: hang.not_entered (a skipped call where all calls look alike); wrong.corruption (if nothing hangs)
-- advice: compare the code path of the named rank with the others': a condition on rank, data or time before the
--    operation, an early return, a different tensor size, another order of buckets
-- symptom: hang
-- root_causes: distributed_communication_error 0.6; incorrect_implementation 0.3; distributed_tensor_error 0.1
-- references: CCL-D H2; DeepSpeed#5117; Megatron-LM#2218; NCCLX JOB_CONTAINS_COLL_METADATA_MISMATCH
-- A fallen rank did not go on to its teardown, it died: nothing of what it left out was its decision.
-- Support is the share of ranks (or of history) that speaks against the culprits; 0.5 is a draw.
SELECT culprits AS ranks, others AS victims, communicator, op, seq, NULL AS since_s, at_s, evidence,
       CASE WHEN decided = 0 THEN 0.5 ELSE min(0.98, 0.6 + 0.4 * support) END AS confidence,
       what AS summary
FROM disagreements
WHERE kind <> 'fewer'                                        -- rules/unknown_fewer.sql
UNION ALL
SELECT culprits, victims, communicator, op, seq, waited_s, at_s, evidence,
       0.85,                                                 -- a rank that is stuck just before its teardown looks alike
       'rank ' || culprits_text || ' issued ' || what || ', which the others never issue: they have gone on'
FROM stalls
WHERE kind = 'extra' AND waited_s >= threshold_s
  AND NOT EXISTS (SELECT 1 FROM fallen_ranks WHERE rank NOT IN (SELECT value FROM json_each(culprits)))
UNION ALL
SELECT culprits, victims, communicator, op, seq, waited_s, at_s, evidence, 0.9,
       'rank ' || culprits_text || ' never issued ' || what || ' and went on to the teardown; '
         || waiter_count || ' ranks have waited ' || waited_text
FROM stalls
WHERE kind = 'short' AND waited_s >= threshold_s AND culprit_count < waiter_count
  AND NOT EXISTS (SELECT 1 FROM fallen_ranks WHERE rank IN (SELECT value FROM json_each(culprits)))
UNION ALL
-- One against one: one call too many on one side, or too few on the other.
SELECT (SELECT json_group_array(value) FROM (SELECT value FROM json_each(culprits) UNION SELECT value FROM json_each(waiters))),
       '[]', communicator, op, seq, waited_s, at_s, evidence, 0.5,
       'rank ' || waiters_text || ' waits in ' || what || ', to which rank ' || culprits_text
         || ' never came: it went on to the teardown; one of them issued a call too many or too few'
FROM stalls
WHERE kind = 'short' AND waited_s >= threshold_s AND culprit_count >= waiter_count
  AND NOT EXISTS (SELECT 1 FROM fallen_ranks WHERE rank IN (SELECT value FROM json_each(culprits)))
