-- id: unknown/data
-- class: unknown
-- severity: error
-- description: nothing that could be read tells how the job went
-- look_alikes: healthy; any anomaly
-- symptom: none
-- advice: look at the data-quality notes: collect the files again, read them as the user who owns them
-- root_causes: hardware_network_environment 0.5; incorrect_implementation 0.5
SELECT '[]' AS ranks, NULL AS at_s, 0.5 AS confidence,
       'no operation could be read: ' || damaged_files || ' files are damaged or unreadable' AS summary
FROM job
WHERE operations = 0 AND damaged_files > 0
