/* oip_request.c: inference requests: from JSON to what is asked, and on to tensors that fit a
 * model.
 *
 * DESIGN. The arrays of data are cut out first (oip_data.c), so that what is parsed as JSON values
 * is small, and read only when all that is cheap to know is known to fit. Messages are Triton's
 * where it has them: users search for them. */
#include "api/oip_request.h"

#include <stdio.h>

#include "api/oip_binary.h"
#include "api/oip_data.h"
#include "json/value.h"

enum { SHOWN = 64, MAX_VALUES = 200000 };

static sv_str show(sv_str text)
{
    return sv_str_slice(text, 0, SHOWN);
}

static sv_status refuse_member(sv_error *error, const char *name, const char *expected)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "Unable to parse '%s': expected %s", name, expected);
}

static bool has_type(const sv_value *value, sv_value_type type)
{
    return value && sv_value_get_type(value) == type;
}

/* Members that may be absent: false, told to `error`, when they are there and of another type. */

static bool read_object(const sv_value *owner, const char *name, sv_error *error,
                        const sv_value **ret_value)
{
    const sv_value *value = sv_value_get(owner, sv_str_from(name));
    *ret_value = value;
    return !value || has_type(value, SV_VALUE_OBJECT) || !refuse_member(error, name, "an object");
}

/* The parameters that mean something, by what they have to be. */
typedef enum parameter_type {
    PARAMETER_UINT,
    PARAMETER_BOOL,
    PARAMETER_TEXT,
    PARAMETER_UINT_OR_TEXT,
} parameter_type;

typedef struct parameter_row {
    sv_str name;
    parameter_type type;
    const char *expected;
} parameter_row;

#define ROW_UINT(name) {SV_STR_INIT(name), PARAMETER_UINT, "an unsigned integer"}
#define ROW_BOOL(name) {SV_STR_INIT(name), PARAMETER_BOOL, "a boolean"}
#define ROW_TEXT(name) {SV_STR_INIT(name), PARAMETER_TEXT, "a string"}
static const parameter_row parameter_rows[] = {
    ROW_UINT("binary_data_size"),
    ROW_BOOL("binary_data"),
    ROW_BOOL("binary_data_output"),
    ROW_UINT("classification"),
    ROW_UINT("timeout"),
    ROW_UINT("priority"),
    ROW_BOOL("sequence_start"),
    ROW_BOOL("sequence_end"),
    {SV_STR_INIT("sequence_id"), PARAMETER_UINT_OR_TEXT, "an unsigned integer or a string"},
    ROW_TEXT("shared_memory_region"),
    ROW_UINT("shared_memory_byte_size"),
    ROW_UINT("shared_memory_offset"),
};

static bool fits_row(const parameter_row *row, const sv_value *value)
{
    uint64_t number;
    switch (row->type) {
    case PARAMETER_UINT:
        return sv_value_get_uint(value, &number);
    case PARAMETER_BOOL:
        return has_type(value, SV_VALUE_BOOL);
    case PARAMETER_TEXT:
        return has_type(value, SV_VALUE_STR);
    case PARAMETER_UINT_OR_TEXT:
        return sv_value_get_uint(value, &number) || has_type(value, SV_VALUE_STR);
    }
    return false;
}

static sv_status check_parameter(sv_str name, const sv_value *value, sv_error *error)
{
    for (size_t i = 0; i < sizeof parameter_rows / sizeof *parameter_rows; i++)
        if (sv_str_eq(parameter_rows[i].name, name))
            return fits_row(&parameter_rows[i], value)
                       ? SV_OK
                       : refuse_member(error, parameter_rows[i].name.ptr,
                                       parameter_rows[i].expected);
    sv_value_type type = sv_value_get_type(value);
    if (sv_str_starts_with(name, SV_STR("triton_")))
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "parameter keys starting with 'triton_' are reserved, got '%.*s'",
                            SV_STR_ARG(show(name)));
    if (type == SV_VALUE_STR || type == SV_VALUE_INT || type == SV_VALUE_BOOL ||
        type == SV_VALUE_DOUBLE)
        return SV_OK;
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "parameter '%.*s' has invalid type. It should be either 'int', 'bool', or "
                        "'string'.",
                        SV_STR_ARG(show(name)));
}

/* The object `parameters` of a request, input or output, all of it of good types; NULL: none. */
static sv_status read_parameters(const sv_value *owner, sv_error *error,
                                 const sv_value **ret_parameters)
{
    const sv_value *value;
    sv_str name;
    if (!read_object(owner, "parameters", error, ret_parameters))
        return SV_INVALID;
    if (!*ret_parameters)
        return SV_OK;
    sv_value_cursor members = sv_value_walk(*ret_parameters);
    sv_status status = SV_OK;
    while (!status && sv_value_next_member(&members, &name, &value))
        status = check_parameter(name, value, error);
    return status;
}

static const sv_value *get_parameter(const sv_value *parameters, const char *name)
{
    return parameters ? sv_value_get(parameters, sv_str_from(name)) : NULL;
}

static uint64_t get_uint(const sv_value *parameters, const char *name)
{
    const sv_value *value = get_parameter(parameters, name);
    uint64_t number = 0;
    return value && sv_value_get_uint(value, &number) ? number : 0;
}

static bool get_bool(const sv_value *parameters, const char *name)
{
    const sv_value *value = get_parameter(parameters, name);
    return value && sv_value_bool(value);
}

static sv_status refuse_shared_memory(sv_str name, sv_error *error)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "'%.*s' asks for shared memory, which this server does not have",
                        SV_STR_ARG(show(name)));
}

/* Inputs. */

static sv_status read_name(const sv_value *owner, sv_error *error, sv_str *ret_name)
{
    const sv_value *name = sv_value_get(owner, SV_STR("name"));
    if (!has_type(name, SV_VALUE_STR) || !sv_value_len(name))
        return refuse_member(error, "name", "a string that is not empty");
    *ret_name = sv_value_str(name);
    return SV_OK;
}

static sv_status read_shape(const sv_value *input, sv_error *error, sv_shape *ret_shape)
{
    const sv_value *array = sv_value_get(input, SV_STR("shape")), *item;
    sv_shape shape = {0};
    size_t count;
    if (!has_type(array, SV_VALUE_ARRAY))
        return refuse_member(error, "shape", "an array of unsigned integers");
    if (sv_value_len(array) > SV_TENSOR_MAX_RANK)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Unable to parse 'shape': at most %d dimensions", SV_TENSOR_MAX_RANK);
    sv_value_cursor items = sv_value_walk(array);
    while (sv_value_next_item(&items, &item)) {
        uint64_t length;
        if (!sv_value_get_uint(item, &length) || length > INT64_MAX)
            return refuse_member(error, "shape", "an array of unsigned integers");
        shape.dims[shape.rank++] = (int64_t)length;
    }
    if (sv_tensor_shape_bytes(&shape, SV_DTYPE_BYTES, &count)) /* the largest elements */
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Unable to parse 'shape': no tensor can have so many elements");
    *ret_shape = shape;
    return SV_OK;
}

static sv_status read_dtype(const sv_value *value, sv_str input, sv_error *error,
                            sv_dtype *ret_dtype)
{
    const sv_value *name = sv_value_get(value, SV_STR("datatype"));
    if (!has_type(name, SV_VALUE_STR))
        return refuse_member(error, "datatype", "a string");
    for (int i = SV_DTYPE_NONE + 1; i < SV_DTYPE_COUNT; i++)
        if (sv_str_eq(sv_value_str(name), sv_str_from(sv_tensor_dtype_name((sv_dtype)i)))) {
            *ret_dtype = (sv_dtype)i;
            return SV_OK;
        }
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "invalid datatype for input %.*s", SV_STR_ARG(show(input)));
}

/* Where the elements are: in the JSON or behind it. */
static sv_status read_place(const sv_value *value, const sv_oip_split *split, sv_error *error,
                            sv_oip_input *input)
{
    const sv_value *parameters, *item, *data = sv_value_get(value, SV_STR("data"));
    sv_status status = read_parameters(value, error, &parameters);
    if (status)
        return status;
    const sv_value *size = get_parameter(parameters, "binary_data_size");
    bool is_shared = get_parameter(parameters, "shared_memory_region");
    int n_places = (data != NULL) + (size != NULL) + is_shared;
    if (n_places != 1)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Input must set only one of the following fields: 'data', "
                            "'binary_data_size' in 'parameters', 'shared_memory_region' in "
                            "'parameters'. But %s set for input '%.*s'",
                            n_places ? "more than one is" : "none is",
                            SV_STR_ARG(show(input->name)));
    if (is_shared)
        return refuse_shared_memory(input->name, error);
    if (size) {
        input->n_binary = get_uint(parameters, "binary_data_size");
        return SV_OK;
    }
    if (!has_type(data, SV_VALUE_ARRAY))
        return refuse_member(error, "data", "an array");
    uint64_t index; /* written by sv_oip_data_split */
    sv_value_cursor items = sv_value_walk(data);
    if (!sv_value_next_item(&items, &item) || !sv_value_get_uint(item, &index) ||
        index >= split->n_spans)
        return refuse_member(error, "data", "an array");
    input->data = split->spans[index];
    return SV_OK;
}

static sv_status read_input(const sv_value *value, const sv_oip_split *split, sv_error *error,
                            sv_oip_input *ret_input)
{
    sv_oip_input input = {0};
    if (!has_type(value, SV_VALUE_OBJECT))
        return refuse_member(error, "inputs", "an array of objects");
    sv_status status = read_name(value, error, &input.name);
    if (!status)
        status = read_shape(value, error, &input.shape);
    if (!status)
        status = read_dtype(value, input.name, error, &input.dtype);
    if (!status)
        status = read_place(value, split, error, &input);
    if (!status)
        *ret_input = input;
    return status;
}

static sv_status refuse_many(sv_error *error, const char *what)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "more than %d %s",
                        SV_ENGINE_MAX_TENSORS, what);
}

static sv_status read_inputs(sv_arena *arena, const sv_value *root, const sv_oip_split *split,
                             sv_error *error, sv_oip_request *request)
{
    const sv_value *array = sv_value_get(root, SV_STR("inputs")), *item;
    if (!has_type(array, SV_VALUE_ARRAY))
        return refuse_member(error, "inputs", "an array");
    size_t len = sv_value_len(array);
    if (len > SV_ENGINE_MAX_TENSORS)
        return refuse_many(error, "inputs");
    if (!(request->inputs = sv_arena_alloc_array(arena, len, sizeof *request->inputs)))
        return SV_NO_MEMORY;
    sv_value_cursor items = sv_value_walk(array);
    while (sv_value_next_item(&items, &item)) {
        sv_oip_input *input = &request->inputs[request->n_inputs];
        sv_status status = read_input(item, split, error, input);
        if (status)
            return status;
        for (size_t i = 0; i < request->n_inputs; i++)
            if (sv_str_eq(request->inputs[i].name, input->name))
                return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                                    "input '%.*s' already exists in request",
                                    SV_STR_ARG(show(input->name)));
        request->n_inputs++;
    }
    return SV_OK;
}

/* Outputs. */

static sv_status read_output(const sv_value *value, sv_error *error, sv_oip_output *ret_output)
{
    const sv_value *parameters = NULL;
    if (!has_type(value, SV_VALUE_OBJECT))
        return refuse_member(error, "outputs", "an array of objects");
    sv_status status = read_name(value, error, &ret_output->name);
    if (!status)
        status = read_parameters(value, error, &parameters);
    if (!status && get_parameter(parameters, "shared_memory_region"))
        status = refuse_shared_memory(ret_output->name, error);
    if (status)
        return status;
    ret_output->is_binary = get_bool(parameters, "binary_data");
    ret_output->n_classes = get_uint(parameters, "classification");
    return SV_OK;
}

static sv_status read_outputs(sv_arena *arena, const sv_value *root, sv_error *error,
                              sv_oip_request *request)
{
    const sv_value *array = sv_value_get(root, SV_STR("outputs")), *item;
    if (!array)
        return SV_OK;
    if (!has_type(array, SV_VALUE_ARRAY))
        return refuse_member(error, "outputs", "an array");
    size_t len = sv_value_len(array);
    if (len > SV_ENGINE_MAX_TENSORS)
        return refuse_many(error, "outputs");
    if (!(request->outputs = sv_arena_alloc_array(arena, len, sizeof *request->outputs)))
        return SV_NO_MEMORY;
    sv_value_cursor items = sv_value_walk(array);
    while (sv_value_next_item(&items, &item)) {
        sv_oip_output *output = &request->outputs[request->n_outputs];
        sv_status status = read_output(item, error, output);
        if (status)
            return status;
        for (size_t i = 0; i < request->n_outputs; i++)
            if (sv_str_eq(request->outputs[i].name, output->name))
                return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                                    "output '%.*s' already requested",
                                    SV_STR_ARG(show(output->name)));
        request->n_outputs++;
    }
    return SV_OK;
}

/* The whole. */

static sv_status parse_json(sv_arena *arena, sv_str text, sv_error *error,
                            const sv_value **ret_root)
{
    sv_value_limits limits = {.max_depth = SV_OIP_MAX_DEPTH, .max_values = MAX_VALUES};
    sv_value_error why;
    const sv_value *root = NULL;
    sv_status status = sv_value_parse(arena, text, &limits, &why, &root);
    if (status == SV_INVALID)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "failed to parse the request JSON buffer: %s at %zu", why.message,
                            why.position);
    if (status == SV_TOO_LARGE)
        return sv_error_set(error, SV_TOO_LARGE, &sv_kind_payload_too_large,
                            "the request has more than %d values besides its data", MAX_VALUES);
    if (!status && sv_value_get_type(root) != SV_VALUE_OBJECT)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "failed to parse the request JSON buffer: expected an object");
    if (!status)
        *ret_root = root;
    return status;
}

static sv_status read_options(const sv_value *root, sv_error *error, sv_oip_request *request)
{
    const sv_value *parameters, *id = sv_value_get(root, SV_STR("id"));
    if (id && !has_type(id, SV_VALUE_STR))
        return refuse_member(error, "id", "a string");
    if (id)
        request->id = sv_value_str(id);
    sv_status status = read_parameters(root, error, &parameters);
    if (status)
        return status;
    request->all_binary = get_bool(parameters, "binary_data_output");
    request->timeout_us = get_uint(parameters, "timeout");
    request->priority = get_uint(parameters, "priority");
    return SV_OK;
}

sv_status sv_oip_request_parse(sv_arena *arena, sv_str json, sv_error *error,
                               sv_oip_request *ret_request)
{
    sv_oip_split split;
    sv_oip_request request = {0};
    const sv_value *root = NULL;
    sv_status status = sv_oip_data_split(arena, json, error, &split);
    if (!status)
        status = parse_json(arena, split.text, error, &root);
    if (!status)
        status = read_options(root, error, &request);
    if (!status)
        status = read_inputs(arena, root, &split, error, &request);
    if (!status)
        status = read_outputs(arena, root, error, &request);
    if (!status)
        *ret_request = request;
    return status;
}

/* Tensors. */

/* A refusal by what the model declares begins with the request's id. */
#define REFUSE(request, error, format, ...)                                                        \
    sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "[request id: %.*s] " format,          \
                 SV_STR_ARG(show((request)->id.len ? (request)->id : SV_STR("<id_unknown>"))),     \
                 __VA_ARGS__)

static const sv_tensor_spec *find_spec(const sv_tensor_spec *specs, size_t n, sv_str name)
{
    for (size_t i = 0; i < n; i++)
        if (sv_str_eq(specs[i].name, name))
            return &specs[i];
    return NULL;
}

static bool is_given(const sv_oip_request *request, sv_str name)
{
    for (size_t i = 0; i < request->n_inputs; i++)
        if (sv_str_eq(request->inputs[i].name, name))
            return true;
    return false;
}

/* "'x','y'", as far as there is room. */
static void add_name(char *list, size_t size, size_t *len, sv_str name)
{
    int more =
        snprintf(list + *len, size - *len, "%s'%.*s'", *len ? "," : "", SV_STR_ARG(show(name)));
    *len = more > 0 && (size_t)more < size - *len ? *len + (size_t)more : *len;
    list[*len] = '\0';
}

static sv_status check_names(const sv_oip_request *request, const sv_oip_target *target,
                             sv_error *error)
{
    const sv_engine_info *info = target->info;
    char got[120] = "", missing[120] = "";
    size_t got_len = 0, missing_len = 0;
    for (size_t i = 0; i < request->n_inputs; i++) {
        sv_str name = request->inputs[i].name;
        if (!find_spec(info->inputs, info->n_inputs, name))
            return REFUSE(request, error, "unexpected inference input '%.*s' for model '%.*s'",
                          SV_STR_ARG(show(name)), SV_STR_ARG(show(target->model)));
        add_name(got, sizeof got, &got_len, name);
    }
    if (request->n_inputs == info->n_inputs)
        return SV_OK;
    for (size_t i = 0; i < info->n_inputs; i++)
        if (!is_given(request, info->inputs[i].name))
            add_name(missing, sizeof missing, &missing_len, info->inputs[i].name);
    return REFUSE(request, error,
                  "expected %zu inputs but got %zu inputs for model '%.*s'. Got input(s) [%s], but "
                  "missing required input(s) [%s]. Please provide all required input(s).",
                  info->n_inputs, request->n_inputs, SV_STR_ARG(show(target->model)), got, missing);
}

static sv_status check_input(const sv_oip_request *request, const sv_oip_target *target,
                             const sv_oip_input *input, sv_error *error)
{
    const sv_tensor_spec *spec =
        find_spec(target->info->inputs, target->info->n_inputs, input->name);
    if (spec->dtype != input->dtype)
        return REFUSE(request, error,
                      "inference input '%.*s' data-type is '%s', but model '%.*s' expects '%s'",
                      SV_STR_ARG(show(input->name)), sv_tensor_dtype_name(input->dtype),
                      SV_STR_ARG(show(target->model)),
                      spec->dtype ? sv_tensor_dtype_name(spec->dtype) : spec->type_text);
    if (spec->is_any_shape || sv_tensor_shape_fits(&spec->shape, &input->shape))
        return SV_OK;
    char expected[SV_TENSOR_SHAPE_TEXT_SIZE], got[SV_TENSOR_SHAPE_TEXT_SIZE];
    return REFUSE(
        request, error, "unexpected shape for input '%.*s' for model '%.*s'. Expected %s, got %s. ",
        SV_STR_ARG(show(input->name)), SV_STR_ARG(show(target->model)),
        sv_tensor_shape_format(&spec->shape, expected), sv_tensor_shape_format(&input->shape, got));
}

static sv_status check_request(const sv_oip_request *request, const sv_oip_target *target,
                               sv_error *error)
{
    sv_status status = check_names(request, target, error);
    for (size_t i = 0; i < request->n_inputs && !status; i++)
        status = check_input(request, target, &request->inputs[i], error);
    for (size_t i = 0; i < request->n_outputs && !status; i++)
        if (!find_spec(target->info->outputs, target->info->n_outputs, request->outputs[i].name))
            status =
                REFUSE(request, error, "unexpected inference output '%.*s' for model '%.*s'",
                       SV_STR_ARG(show(request->outputs[i].name)), SV_STR_ARG(show(target->model)));
    return status;
}

/* An array has at least one byte for each element: nothing is allocated for what is not there. */
static sv_status read_json_tensor(sv_arena *arena, const sv_oip_input *input, sv_error *error,
                                  sv_tensor *tensor)
{
    size_t bytes = 0;
    sv_oip_array array = {.name = input->name, .span = input->data, .dtype = input->dtype};
    sv_status status = sv_tensor_shape_count(&input->shape, &array.count);
    if (!status)
        status = sv_tensor_shape_bytes(&input->shape, input->dtype, &bytes);
    if (status || array.count > input->data.len)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Failed to parse 'data' field: shape does not match true shape");
    void *elements = sv_oip_binary_alloc(arena, bytes);
    if (!elements)
        return SV_NO_MEMORY;
    tensor->data = elements;
    tensor->size_bytes = bytes;
    return array.count ? sv_oip_data_read(arena, &array, elements, error) : SV_OK;
}

/* Cuts the tensor off the bytes that are left. */
static sv_status read_binary_tensor(sv_arena *arena, const sv_oip_input *input, sv_oip_target *rest,
                                    sv_error *error, sv_tensor *tensor)
{
    if (input->n_binary > rest->bytes.len)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "unexpected size for input '%.*s', expecting %zu additional bytes for "
                            "model '%.*s'",
                            SV_STR_ARG(show(input->name)), input->n_binary - rest->bytes.len,
                            SV_STR_ARG(show(rest->model)));
    sv_str bytes = sv_str_slice(rest->bytes, 0, input->n_binary);
    rest->bytes = sv_str_slice(rest->bytes, input->n_binary, rest->bytes.len);
    return sv_oip_binary_read(arena, bytes, rest->model, error, tensor);
}

sv_status sv_oip_request_tensors(sv_arena *arena, const sv_oip_request *request,
                                 const sv_oip_target *target, sv_error *error,
                                 const sv_tensor **ret_tensors)
{
    sv_oip_target rest = *target;
    sv_status status = check_request(request, target, error);
    sv_tensor *tensors = sv_arena_alloc_array(arena, request->n_inputs, sizeof *tensors);
    if (!status && !tensors)
        status = SV_NO_MEMORY;
    for (size_t i = 0; i < request->n_inputs && !status; i++) {
        const sv_oip_input *input = &request->inputs[i];
        tensors[i] = (sv_tensor){.name = input->name, .dtype = input->dtype, .shape = input->shape};
        status = input->data.ptr ? read_json_tensor(arena, input, error, &tensors[i])
                                 : read_binary_tensor(arena, input, &rest, error, &tensors[i]);
    }
    if (!status && rest.bytes.len)
        status = sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                              "unexpected additional input data for model '%.*s'",
                              SV_STR_ARG(show(target->model)));
    if (!status)
        *ret_tensors = tensors;
    return status;
}

bool sv_oip_request_needs_body(const sv_oip_request *request)
{
    for (size_t i = 0; i < request->n_inputs; i++)
        if (!request->inputs[i].data.ptr || request->inputs[i].dtype == SV_DTYPE_BYTES)
            return true;
    return !request->n_inputs; /* nothing was cut out: its texts are where they were */
}
