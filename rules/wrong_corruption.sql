-- id: wrong/corruption
-- class: wrong.corruption
-- severity: error
-- description: ranks received different results from an operation whose result must be the same everywhere, or a rank sent
--    values of quite another size than ever before
-- look_alikes: an algorithm that is meant to differ by rank (none of NCCL's is, for these operations); a loss spike
-- advice: run the memory and link tests of the named rank's GPU (dcgmi diag -r 3), look for Xid 48, 63, 94, 95 in the kernel
--    log, restart from the checkpoint before the first difference
-- symptom: incorrect_functionality
-- root_causes: hardware_network_environment 0.7; concurrency_error 0.2; incorrect_implementation 0.1
-- references: Silent Data Corruptions at Scale (arXiv 2102.11245); DeepSpeed#7371; DeepSpeed#7965
-- Equal bytes have equal hashes, so a difference is never noise. A draw names both sides and says so.
SELECT culprits AS ranks, others AS victims, communicator, op, seq, NULL AS since_s, at_s, evidence,
       CASE WHEN kind = 'outlier' THEN 0.7                  -- a value can be that large for good reason
            WHEN decided = 0 THEN 0.5
            ELSE min(0.98, 0.6 + 0.4 * support) END AS confidence,
       what AS summary
FROM inconsistencies
WHERE kind IN ('result', 'outlier')
