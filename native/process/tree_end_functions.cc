#include "process/tree_end_functions.h"

#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "js_handles.h"
#include "milliseconds.h"
#include "platform/process_list.h"
#include "process/killer.h"

namespace hardstop {
namespace {

using platform::Instant;
using platform::MutexLock;

// What one environment has planned: brings the reports to its event loop, and keeps that alive
// while an end is under way. On the environment's thread, but for OnBegun() and OnOver(); freed by
// a cleanup hook of its own, after which the killer cannot reach it any more.
class TreeEnds final : public TreeEndOwner {
 public:
  static TreeEnds* Open(napi_env env, Instant time_origin, napi_value on_over) {
    auto* ends = new (std::nothrow) TreeEnds(env, time_origin);
    if (ends == nullptr) return nullptr;
    // The hook after the way to the loop was opened, which the environment closes in a hook of its
    // own: hooks run in reverse order.
    if (ends->call_.Open(env, "hardstop:tree", on_over, ends, &TreeEnds::OnLoop) &&
        napi_add_env_cleanup_hook(env, &TreeEnds::CleanUp, ends) == napi_ok) {
      return ends;
    }
    delete ends;
    return nullptr;
  }

  Instant InstantOf(double ms) const { return InstantOfMs(time_origin_, ms); }

  // Keeps the loop alive, or no longer.
  void UpdateHold() {
    bool hold;
    {
      MutexLock lock(Killer::Instance().mutex());
      hold = under_way_ > 0;
    }
    if (hold == is_held_) return;
    is_held_ = hold;
    if (hold) {
      call_.Hold();
    } else {
      call_.LetGo();
    }
  }

  // TreeEndOwner.
  void OnBegun() override {
    ++under_way_;
    call_.Post();
  }
  void OnOver() override { call_.Post(); }

 private:
  TreeEnds(napi_env env, Instant time_origin) : env_(env), time_origin_(time_origin) {}
  ~TreeEnds() = default;

  static void CleanUp(void* self) {
    auto* ends = static_cast<TreeEnds*>(self);
    Killer::Instance().Abandon(ends);
    delete ends;
  }

  static void OnLoop(napi_env env, napi_value on_over, void* self, void* /*data*/) {
    // The environment ends, and the owner may be gone.
    if (env == nullptr) return;
    auto* ends = static_cast<TreeEnds*>(self);
    while (PlannedEnd* over = Killer::Instance().TakeOver(ends)) {
      const std::unique_ptr<PlannedEnd> taken(over);
      {
        MutexLock lock(Killer::Instance().mutex());
        --ends->under_way_;
      }
      ends->Report(on_over, *taken);
    }
    ends->UpdateHold();
  }

  void Report(napi_value on_over, const PlannedEnd& over) const {
    const TreeEndReport& report = over.end.report();
    napi_value receiver;
    napi_value ignored;
    napi_value arguments[7] = {
        Number(over.id),
        Number(static_cast<double>(report.step)),
        Number(static_cast<double>(report.root)),
        Number(MsOf(report.started_at)),
        Number(MsOf(report.ended_at)),
        Ids(report.signalled),
        Ids(report.survivors),
    };
    if (napi_get_undefined(env_, &receiver) == napi_ok) {
      napi_call_function(env_, receiver, on_over, 7, arguments, &ignored);
    }
  }

  double MsOf(Instant instant) const {
    if (instant == Instant::max()) return HUGE_VAL;
    return static_cast<double>((instant - time_origin_).count()) / 1e6;
  }
  napi_value Number(double number) const {
    napi_value value = nullptr;
    napi_create_double(env_, number, &value);
    return value;
  }
  napi_value Ids(const std::vector<int32_t>& ids) const {
    napi_value array = nullptr;
    napi_create_array_with_length(env_, ids.size(), &array);
    for (size_t i = 0; i < ids.size(); ++i) {
      napi_set_element(env_, array, static_cast<uint32_t>(i), Number(ids[i]));
    }
    return array;
  }

  napi_env const env_;
  const Instant time_origin_;
  LoopCall call_;
  bool is_held_ = false;
  // Ends that have begun and whose reports were not brought yet. Guarded by Killer::mutex().
  int32_t under_way_ = 0;
};

// The arguments of one call; the caller, src/strategy/process-tree/, has checked them.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMost;
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, values_, nullptr, &data);
    ends_ = static_cast<TreeEnds*>(data);
  }

  TreeEnds* ends() const { return ends_; }
  double Double(size_t index) const {
    double number = 0;
    napi_get_value_double(env_, values_[index], &number);
    return number;
  }
  int32_t Integer(size_t index) const { return static_cast<int32_t>(Double(index)); }
  uint32_t Id() const { return static_cast<uint32_t>(Double(0)); }
  Instant InstantAt(size_t index) const { return ends_->InstantOf(Double(index)); }
  bool Bool(size_t index) const {
    bool value = false;
    napi_get_value_bool(env_, values_[index], &value);
    return value;
  }
  // False: longer than there is room for.
  bool Text(size_t index, char* text, size_t room) const {
    size_t length = 0;
    return napi_get_value_string_latin1(env_, values_[index], text, room, &length) == napi_ok &&
           length < room - 1;
  }

 private:
  static constexpr size_t kMost = 7;
  napi_env const env_;
  napi_value values_[kMost] = {};
  TreeEnds* ends_ = nullptr;
};

napi_value NumberOf(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

// plan(pid, mark, scope, deadline, grace, signal, once): the end's id; 0: refused.
napi_value Plan(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  TreeTarget target;
  target.pid = arguments.Integer(0);
  if (!arguments.Text(1, target.mark, sizeof target.mark)) return NumberOf(env, 0);
  target.scope = static_cast<TreeScope>(arguments.Integer(2));
  TreeEndPlan plan;
  plan.deadline = arguments.InstantAt(3);
  plan.grace = DurationOfMs(arguments.Double(4));
  plan.signal = arguments.Integer(5);
  plan.once = arguments.Bool(6);
  return NumberOf(env, Killer::Instance().Plan(target, plan, arguments.ends()));
}

// reschedule(id, deadline)
napi_value Reschedule(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Killer::Instance().Reschedule(arguments.Id(), arguments.InstantAt(1));
  return nullptr;
}

// begin(id, grace)
napi_value Begin(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Killer::Instance().Begin(arguments.Id(), DurationOfMs(arguments.Double(1)));
  arguments.ends()->UpdateHold();
  return nullptr;
}

// rootEnded(id, sweep): true when the end was dropped, and there will be no report.
napi_value RootEnded(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const Killer::AfterRoot after = Killer::Instance().RootEnded(arguments.Id(), arguments.Bool(1));
  arguments.ends()->UpdateHold();
  napi_value dropped = nullptr;
  napi_get_boolean(env, after == Killer::AfterRoot::kDropped, &dropped);
  return dropped;
}

}  // namespace

napi_value OpenTreeEnds(napi_env env, Instant time_origin, napi_value on_over) {
  TreeEnds* ends =
      platform::CanListProcesses() ? TreeEnds::Open(env, time_origin, on_over) : nullptr;
  napi_value functions;
  if (ends == nullptr || napi_create_object(env, &functions) != napi_ok) return nullptr;
  const napi_property_descriptor descriptors[] = {
      {"plan", nullptr, Plan, nullptr, nullptr, nullptr, napi_enumerable, ends},
      {"reschedule", nullptr, Reschedule, nullptr, nullptr, nullptr, napi_enumerable, ends},
      {"begin", nullptr, Begin, nullptr, nullptr, nullptr, napi_enumerable, ends},
      {"rootEnded", nullptr, RootEnded, nullptr, nullptr, nullptr, napi_enumerable, ends},
  };
  napi_define_properties(env, functions, sizeof descriptors / sizeof descriptors[0], descriptors);
  return functions;
}

}  // namespace hardstop
