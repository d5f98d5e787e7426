-- id: healthy
-- class: healthy
-- severity: info
-- description: nothing is wrong as far as the records show
-- look_alikes: a job whose ranks all idle outside of communication; a fault that was over before the records begin
-- advice: nothing to do
-- symptom: none
SELECT '[]' AS ranks,
       CASE WHEN missing_count > 0 OR dropped > 0 THEN 0.7   -- what was not recorded may hide something
            WHEN operations = 0 THEN 0.5                     -- nothing to judge by but how the processes ended
            ELSE 0.95 END AS confidence,
       CASE WHEN operations = 0 THEN 'no collective was recorded; the processes themselves show no failure'
            ELSE ranks || ' ranks, ' || operations || ' operations, nothing unusual' END
         || CASE WHEN missing_count > 0 THEN ' (no record of rank ' || missing_text || ')' ELSE '' END AS summary
FROM job
-- A job that was ended because nothing moved, or of which nothing can be read, is not healthy only because no rule spoke.
WHERE stalled_s IS NULL AND NOT (operations = 0 AND damaged_files > 0)
