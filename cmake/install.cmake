# What `cmake --install` puts where: a tree that can be moved, because rankle finds everything relative to its executable
# and the stand-ins find each other in their own folder. Targets of parts that are not built are left out.

foreach(target rankle rankle-source rankle-points-dump rankle-flight-dump rankle-transport-dump ddp_train zero_train hybrid_train moe_train
               compress_train local_sgd_train elastic_train seeded_train)
  if(TARGET ${target})
    install(TARGETS ${target} RUNTIME DESTINATION bin)
  endif()
endforeach()

# Installed as files: the stand-ins come with the soname links that the loader asks for.
install(CODE "
  file(GLOB libraries \"${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/librankle*.so*\")
  file(INSTALL \${libraries} DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib\")
  file(GLOB agent \"${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/rankle-python/*.py\")
  file(INSTALL \${agent} DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/rankle-python\")
  if(EXISTS \"${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/vgpu\")
    file(INSTALL \"${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/vgpu\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib\")
  endif()")

# Rules and bugs are compiled in; these are for reading and as examples of one's own.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/rules DESTINATION share/rankle FILES_MATCHING PATTERN "*.sql" PATTERN "*.jsonl")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/corpora/bugs DESTINATION share/rankle/corpora FILES_MATCHING PATTERN "*.jsonl")
# `rankle bugs reproduce`: its suite, its scripts and their common part.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/corpora/bugs ${CMAKE_SOURCE_DIR}/corpora/frameworks DESTINATION share/rankle/corpora
        FILES_MATCHING PATTERN "reproduced.yaml" PATTERN "*.py" PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/corpora/plans ${CMAKE_SOURCE_DIR}/corpora/suites DESTINATION share/rankle/corpora
        FILES_MATCHING PATTERN "*.yaml")
install(FILES ${CMAKE_SOURCE_DIR}/tracer/api/rankle.h DESTINATION include/rankle)
