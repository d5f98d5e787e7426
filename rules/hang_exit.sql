-- id: hang/exit
-- class: hang.exit
-- severity: error
-- description: the job has done its work, and its end does not come
-- look_alikes: hang.not_entered in a last operation; a long final checkpoint
-- advice: look at the named rank's stack: a communicator is destroyed with work outstanding, a thread is joined that
--    waits, or an exit handler blocks. Destroy communicators on all ranks in the same order
-- symptom: hang
-- root_causes: concurrency_error 0.4; incorrect_implementation 0.3; api_misuse 0.2
-- references: NCCLX JOB_STARTING_OR_STOPPING
SELECT culprits AS ranks, victims, communicator, op, seq, waited_s AS since_s, at_s, evidence,
       CASE WHEN culprit_count > 0 THEN 0.9 ELSE 0.7 END AS confidence,
       CASE WHEN culprit_count > 0 THEN 'rank ' || culprits_text || ' does not come to its end' ELSE 'no rank comes to its end' END
         || '; ' || what || ' has lasted ' || waited_text AS summary
FROM stalls
WHERE kind = 'exit' AND waited_s >= threshold_s
