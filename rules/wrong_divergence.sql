-- id: wrong/divergence
-- class: wrong.divergence
-- severity: error
-- description: a tensor that all ranks must hold alike (rankle_mark_replica) differs between ranks
-- look_alikes: wrong.corruption (a wrong result makes its rank drift); a name used for tensors that are not replicas
-- advice: look for a reduction that is missing, conditional on rank or in the wrong group in the step before the first
--    difference, for random numbers with a seed that depends on the rank, for parameters left out of the broadcast at start
-- symptom: incorrect_functionality
-- root_causes: distributed_communication_error 0.4; incorrect_implementation 0.4; distributed_tensor_error 0.2
-- references: DeepSpeed#1801; DeepSpeed#3832; ColossalAI#4926
SELECT culprits AS ranks, others AS victims, communicator, op, seq, NULL AS since_s, at_s, evidence,
       CASE WHEN decided = 0 THEN 0.7                       -- that they differ is certain, who is wrong is not
            ELSE min(0.98, 0.6 + 0.4 * support) END AS confidence,
       what || CASE WHEN occurrences > 1 THEN '; ' || occurrences || ' times since' ELSE '' END AS summary
FROM inconsistencies
WHERE kind = 'replica'
