-- id: misuse/group-unbalanced
-- class: misuse
-- severity: warning
-- description: a thread ended with a group open, or a group was ended that nobody had started
-- look_alikes: a thread that ends the process on purpose in the middle of a group
-- advice: look for the way from the ncclGroupStart that leaves the function before its ncclGroupEnd: a return, an exception, a break
-- symptom: none
-- root_causes: api_misuse 0.9
-- references: NVIDIA/nccl#335; pytorch#160491; rankle lint: nccl-group-unbalanced
-- A process that ends with an error leaves where it is: what it has open then is no misuse.
SELECT json_group_array(DISTINCT rank) AS ranks, communicator, op, min(seq) AS seq,
       min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s)
         || CASE WHEN exit_code IS NULL THEN 'a thread' ELSE 'the process' END || ' ended with a group open, '
         || CASE WHEN count = 0 THEN 'empty'
                 ELSE count || ' operations in it, from ' || op || ' ' || seq || ' on, never launched' END) AS evidence,
       0.95 AS confidence,
       'rank ' || group_concat(DISTINCT rank) || ' ended with a group open'
         || CASE WHEN max(count) = 0 THEN '' ELSE ': ' || max(count) || ' operations, from ' || op || ' ' || min(seq)
              || ' on, were never launched' END AS summary
FROM misuses
WHERE kind = 'group_left_open' AND coalesce(exit_code, 0) = 0 AND rank IS NOT NULL
GROUP BY exit_code IS NULL, communicator, op
UNION ALL
SELECT json_group_array(DISTINCT rank), NULL, NULL, NULL, min(t_s),
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || api || ' failed: no group was open'), 0.95,
       'rank ' || group_concat(DISTINCT rank) || ' ended a group that it had not started'
FROM misuses
WHERE kind = 'group_not_started' AND rank IS NOT NULL
HAVING count(*) > 0
