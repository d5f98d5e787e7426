-- id: misuse/comm-use-after-destroy
-- class: misuse
-- severity: error
-- description: a communicator was used after it had been destroyed or aborted
-- look_alikes: crash.process; crash.nccl
-- advice: let one owner destroy the communicator, and forget the handle there; end the threads that use it before
-- symptom: crash
-- root_causes: api_misuse 0.9
-- references: NCCL api/comms.rst; rankle lint: nccl-comm-use-after-destroy
SELECT json_group_array(DISTINCT rank) AS ranks, communicator, min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || api || ' on communicator '
         || coalesce(communicator, '?') || ', which it had destroyed') AS evidence,
       0.95 AS confidence,
       'rank ' || group_concat(DISTINCT rank) || ' called ' || api || ' on communicator ' || coalesce(communicator, '?')
         || ' after its end' AS summary
FROM misuses
WHERE kind = 'comm_gone' AND rank IS NOT NULL
GROUP BY communicator, api
