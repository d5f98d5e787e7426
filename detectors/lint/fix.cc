#include "detectors/lint/fix.h"

#include <algorithm>
#include <map>

#include "cli/launch/files.h"

namespace rankle::lint {

Fixed MakeEdits(const std::string& text, std::vector<Edit> edits) {
  std::sort(edits.begin(), edits.end());
  edits.erase(std::unique(edits.begin(), edits.end()), edits.end());
  Fixed fixed;
  size_t done = 0;  // bytes of the text that were copied
  for (const Edit& edit : edits) {
    if (edit.begin < done || edit.end < edit.begin || edit.end > text.size()) {
      ++fixed.left_out;
      continue;
    }
    fixed.text += text.substr(done, edit.begin - done) + edit.text;
    done = edit.end;
    ++fixed.made;
  }
  fixed.text += text.substr(done);
  return fixed;
}

absl::StatusOr<FixReport> FixFiles(const std::vector<Finding>& findings) {
  std::map<std::string, std::vector<Edit>> by_file;
  for (const Finding& finding : findings) {
    for (const Edit& edit : finding.fix) by_file[edit.file].push_back(edit);
  }
  FixReport report;
  for (const auto& [file, edits] : by_file) {
    const absl::StatusOr<std::string> text = cli::ReadFile(file);
    if (!text.ok()) return text.status();
    const Fixed fixed = MakeEdits(*text, edits);
    if (const absl::Status status = cli::WriteFile(file, fixed.text); !status.ok()) return status;
    ++report.files;
    report.made += fixed.made;
    report.left_out += fixed.left_out;
  }
  return report;
}

}  // namespace rankle::lint
