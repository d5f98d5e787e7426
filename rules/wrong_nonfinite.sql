-- id: wrong/nonfinite
-- class: wrong.nonfinite
-- severity: error
-- description: NaN or infinity in what ranks exchange, and it did not go away
-- look_alikes: wrong.corruption (a bit flip that makes a NaN); a loss scaler at work, which recovers within a few steps
-- advice: look at the named rank's batch and loss of that step; check the learning rate, the loss scale and divisions by
--    counts that can be zero; if the batch is harmless, test the GPU's memory
-- symptom: incorrect_functionality
-- root_causes: numerical_error 0.4; precondition_missing 0.3; hardware_network_environment 0.3
-- references: PyTorch GradScaler (skips steps with infinite gradients); DeepSpeed#7769; DeepSpeed#7171; Megatron-LM#3396
-- One NaN in a gradient makes every parameter NaN in the next step: whoever had it first is the source.
SELECT culprits AS ranks, others AS victims, communicator, op, seq, NULL AS since_s, at_s, evidence,
       CASE WHEN culprits = '[]' THEN 0.6                   -- nobody sent it
            WHEN others = '[]' THEN 0.7                     -- everybody at once
            ELSE 0.95 END AS confidence,
       what || CASE WHEN occurrences > 1 THEN '; seen in ' || occurrences || ' operations since' ELSE '' END AS summary
FROM inconsistencies
WHERE kind = 'nonfinite' AND recovered = 0
