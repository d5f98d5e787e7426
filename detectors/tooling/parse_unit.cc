#include "detectors/tooling/parse_unit.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "clang/AST/ASTConsumer.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/Attr.h"
#include "clang/Basic/Diagnostic.h"
#include "clang/Basic/SourceManager.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/FrontendAction.h"
#include "clang/Lex/LexDiagnostic.h"
#include "clang/Tooling/Tooling.h"
#include "detectors/tooling/cuda_host_shim.h"
#include "detectors/tooling/file_filter.h"
#include "llvm/Support/VirtualFileSystem.h"
#include "llvm/Support/xxhash.h"

namespace rankle::tooling {
namespace {

void AddFiles(const clang::SourceManager& sources, ParseResult& result) {
  const std::string here = std::filesystem::current_path();
  for (auto it = sources.fileinfo_begin(); it != sources.fileinfo_end(); ++it) {
    const std::optional<llvm::MemoryBufferRef> buffer =
        it->second ? it->second->getBufferIfLoaded() : std::nullopt;
    // As it was opened: "a/link/../b" is not "a/b".
    const std::string path = (std::filesystem::path(here) / it->first.getName().str()).string();
    if (!buffer || path == kCudaHostShimPath) continue;
    result.files.push_back({path, ContentHash({buffer->getBufferStart(), buffer->getBufferSize()})});
  }
}

class Consumer : public clang::ASTConsumer {
 public:
  Consumer(UnitHandler& handler, ParseResult& result) : handler_(handler), result_(result) {}
  void HandleTranslationUnit(clang::ASTContext& context) override {
    result_.parsed = true;
    if (handler_.WantsFiles()) AddFiles(context.getSourceManager(), result_);
    handler_.Handle(context);
  }
  bool shouldSkipFunctionBody(clang::Decl* decl) override {
    if (decl->hasAttr<clang::CUDAGlobalAttr>()) return true;  // wants intrinsics that host code has not
    const clang::SourceManager& sources = decl->getASTContext().getSourceManager();
    const clang::FileID file = sources.getFileID(sources.getExpansionLoc(decl->getLocation()));
    const auto [it, fresh] = wanted_.try_emplace(file, false);
    if (fresh) {
      const auto entry = sources.getFileEntryRefForID(file);
      it->second = entry && !sources.isInSystemHeader(sources.getLocForStartOfFile(file)) &&
                   handler_.WantsBodies(Normalised(std::filesystem::current_path(), entry->getName().str()));
    }
    return !it->second;
  }

 private:
  UnitHandler& handler_;
  ParseResult& result_;
  std::map<clang::FileID, bool> wanted_;
};

class Action : public clang::ASTFrontendAction {
 public:
  Action(UnitHandler& handler, ParseResult& result) : handler_(handler), result_(result) {}
  bool BeginInvocation(clang::CompilerInstance& compiler) override {
    compiler.getFrontendOpts().SkipFunctionBodies = true;  // where the consumer says so
    compiler.getFrontendOpts().DisableFree = handler_.LeavesMemory();
    return true;
  }
  bool BeginSourceFileAction(clang::CompilerInstance& compiler) override {
    // A missing header is the norm, and no reason to stop: what does not depend on it is still there.
    compiler.getDiagnostics().setFatalsAsError(true);
    return true;
  }
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance&, llvm::StringRef) override {
    return std::make_unique<Consumer>(handler_, result_);
  }

 private:
  UnitHandler& handler_;
  ParseResult& result_;
};

class ErrorCounter : public clang::DiagnosticConsumer {
 public:
  explicit ErrorCounter(ParseResult& result) : result_(result) {}
  void HandleDiagnostic(clang::DiagnosticsEngine::Level level, const clang::Diagnostic& diagnostic) override {
    if (level < clang::DiagnosticsEngine::Error) return;
    if (diagnostic.getID() == clang::diag::err_pp_file_not_found &&
        diagnostic.getArgKind(0) == clang::DiagnosticsEngine::ak_std_string)
      result_.missing.push_back(diagnostic.getArgStdStr(0));
    if (result_.errors++ > 0) return;
    llvm::SmallString<200> text;
    diagnostic.FormatDiagnostic(text);
    if (diagnostic.hasSourceManager() && diagnostic.getLocation().isValid()) {
      const auto place = diagnostic.getSourceManager().getPresumedLoc(diagnostic.getLocation());
      if (place.isValid()) {
        result_.first_error = std::string(place.getFilename()) + ":" + std::to_string(place.getLine()) + ":" +
                              std::to_string(place.getColumn()) + ": ";
      }
    }
    result_.first_error += text.str();
  }

 private:
  ParseResult& result_;
};

std::string FirstFolder(std::initializer_list<std::string> candidates, const char* file) {
  for (const std::string& folder : candidates) {
    std::error_code error;
    if (!folder.empty() && std::filesystem::exists(std::filesystem::path(folder) / file, error))
      return folder;
  }
  return "";
}

std::string Environment(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

}  // namespace

uint64_t ContentHash(std::string_view content) {
  return llvm::xxh3_64bits(llvm::StringRef(content.data(), content.size()));
}

ParseResult ParseUnit(const Unit& unit, const ParserFiles& files, UnitHandler& handler) {
  ParseResult result;
  if (chdir(unit.directory.c_str()) != 0) {
    result.errors = 1;
    result.first_error = unit.directory + ": no such folder; the compile database names it";
    return result;
  }
  const auto memory = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  memory->addFile(kCudaHostShimPath, 0, llvm::MemoryBuffer::getMemBuffer(kCudaHostShim));
  const auto overlay =
      llvm::makeIntrusiveRefCnt<llvm::vfs::OverlayFileSystem>(llvm::vfs::getRealFileSystem());
  overlay->pushOverlay(memory);
  const auto manager = llvm::makeIntrusiveRefCnt<clang::FileManager>(clang::FileSystemOptions(), overlay);
  ErrorCounter errors(result);
  clang::tooling::ToolInvocation invocation(ForParser(unit.command, unit.file, files),
                                            std::make_unique<Action>(handler, result), manager.get());
  invocation.setDiagnosticConsumer(&errors);
  (void)invocation.run();  // false when there were errors: they are counted
  if (!result.parsed && result.errors == 0) {
    result.errors = 1;
    result.first_error = unit.file + ": clang cannot make sense of the command line";
  }
  return result;
}

ParserFiles FindParserFiles() {
  const std::string home = Environment("CUDA_HOME");
  return {.resource_dir = FirstFolder({Environment("RANKLE_CLANG_RESOURCE_DIR"), RANKLE_CLANG_RESOURCE_DIR},
                                      "include/stddef.h"),
          .cuda_include = FirstFolder(
              {home.empty() ? "" : home + "/include", "/usr/local/cuda/include", RANKLE_CUDA_INCLUDE_DIR},
              "cuda_runtime.h"),
          .cuda_shim = kCudaHostShimPath};
}

}  // namespace rankle::tooling
