-- id: hang/in-collective
-- class: hang.in_collective
-- severity: error
-- description: all ranks entered the operation alike, and it does not finish
-- look_alikes: hang.mismatch in something the records do not show (buffers, algorithm); a network that is slow, not stuck
-- advice: check the links and devices of the named ranks (NIC state, Xid messages, NCCL_DEBUG=INFO); with neither rank nor link
--    named, the table transfers shows what each link had begun and sent. A stopped process (state T) needs SIGCONT
-- symptom: hang
-- root_causes: hardware_network_environment 0.6; distributed_communication_error 0.3
-- references: C4D communication hang; CCL-D H3
SELECT culprits AS ranks, links, victims, communicator, op, seq, waited_s AS since_s, at_s, evidence,
       CASE WHEN culprit_state = 'stopped' THEN 0.95
            WHEN links <> '[]' THEN 0.9
            WHEN culprit_count = 0 THEN 0.8                  -- the class is certain, the place is not known
            ELSE 0.7 END AS confidence,
       'all ranks entered ' || what || ', which has not finished for ' || waited_text || '; '
         || CASE WHEN links <> '[]' THEN 'the transfer stands still on the link ' || links_text
                 WHEN culprit_count = 0 THEN 'the records do not show which rank or link stopped it'
                 WHEN culprit_state = 'stopped' THEN 'the process of rank ' || culprits_text || ' is stopped'
                 ELSE 'rank ' || culprits_text || ' is behind' END AS summary
FROM stalls
WHERE kind = 'in_collective' AND waited_s >= threshold_s
  AND NOT EXISTS (SELECT 1 FROM silent_links) AND NOT EXISTS (SELECT 1 FROM frozen_ranks)   -- the kernel tells more: their own rules
