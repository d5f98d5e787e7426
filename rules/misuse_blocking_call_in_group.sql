-- id: misuse/blocking-call-in-group
-- class: misuse
-- severity: error
-- description: the host waited for the device while operations waited for the end of their group
-- look_alikes: hang.deadlock; hang.not_entered
-- advice: move the call behind ncclGroupEnd: before it, nothing of the group is launched, so the wait ends without its results, or never
-- symptom: hang
-- root_causes: api_misuse 0.9
-- references: NCCL usage/groups.rst; rankle lint: nccl-blocking-call-in-group
-- Allocations and frees wait for work that was launched before, so they end well as a rule: they count where something hangs.
SELECT json_group_array(DISTINCT rank) AS ranks, communicator, op, min(seq) AS seq,
       min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || api || ' inside a group, before its '
         || count || ' operations, from ' || op || ' ' || seq || ' on, were launched') AS evidence,
       0.95 AS confidence,
       'rank ' || group_concat(DISTINCT rank) || ' called ' || api || ' inside a group, before ' || op || ' ' || min(seq)
         || ' of it was launched' AS summary
FROM misuses
WHERE kind = 'blocked_in_group' AND rank IS NOT NULL
  AND (NOT (api LIKE '%Alloc%' OR api LIKE '%Free%') OR EXISTS (SELECT 1 FROM stalls WHERE waited_s >= threshold_s))
GROUP BY api, communicator, op
