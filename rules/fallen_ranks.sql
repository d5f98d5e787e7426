-- id: view/fallen-ranks
-- view: fallen_ranks
-- description: ranks that ended by a failure of their own
SELECT DISTINCT rank FROM failures WHERE root = 1 AND rank_ended = 1
