-- id: unknown/no-record
-- class: unknown
-- severity: error
-- description: ranks wait for others that left no record, so nobody can say what those did
-- look_alikes: hang.not_entered; crash.process
-- advice: collect the flight records of the missing ranks (the output directory of their host) and analyze again;
--    if their hosts are gone, look at those hosts first
-- symptom: hang
-- root_causes: distributed_communication_error 0.3; hardware_network_environment 0.3
SELECT '[]' AS ranks, s.victims, s.communicator, s.op, s.seq, s.waited_s AS since_s, s.at_s, s.evidence,
       0.5 AS confidence,
       CASE WHEN s.waiter_count = 1 THEN 'rank ' || s.waiters_text || ' waits in '
            ELSE 'ranks ' || s.waiters_text || ' wait in ' END || s.what || ' for ranks without a record'
         || CASE WHEN s.missing_text <> '' THEN ' (rank ' || s.missing_text || ')'
                 WHEN j.missing_count > 0 THEN ' (missing: ' || j.missing_text || ')' ELSE '' END
         || CASE WHEN s.suspects_text <> '' THEN '; the records that are there point at rank ' || s.suspects_text ELSE '' END
         AS summary
FROM stalls s, job j
WHERE s.kind = 'no_record' AND s.waited_s >= s.threshold_s
